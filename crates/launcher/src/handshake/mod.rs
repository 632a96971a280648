//! The handshake with the pane process: how the agent's environment gets into the pane, and the pane process into
//! the unit's control group, before the agent's command runs.
//!
//! A session has the environment of the tmux server, and every user can read a variable on tmux's command line. tmux
//! therefore starts `agent-pane`, which connects to a Unix socket in the abstract namespace; that leaves no file and
//! needs no writable disk. Both ends check the user of the other by `SO_PEERCRED`. While the pane process waits, the
//! launcher records its identity, so that its PID cannot be reused in between.
//!
//! ```text
//! agent-pane                                  launcher, later the sidecar
//!   connect ────────────────────────────────▶ accept: is it the same user, and the pane process?
//!           ◀────────────────── spec ──────── directory, shell, command, environment, group
//!   enter the group ──── joined | outside ──▶ if outside: ask the user manager
//!           ◀─────────────── release ──────── after the identity is recorded
//!   exec the command; the socket closes ────▶ started        (or `failed` and the reason)
//! ```

mod exec_spec;
mod handshake_socket;
mod pane_connection;
mod pane_program;

pub use exec_spec::{ExecSpec, MalformedSpec};
pub use handshake_socket::{HandshakeAddress, HandshakeError, HandshakeSocket};
pub use pane_connection::{PaneConnection, PaneFailure};
pub use pane_program::{PaneError, exec_command};
