//! How the agent's environment gets into the pane, and the pane process into the unit's group,
//! before the agent's command runs.
//!
//! A session gets the tmux server's environment, and a variable on tmux's command line could be
//! read by everybody. So tmux starts `agent-pane`, which comes to the gate: a Unix socket in the
//! abstract namespace, which leaves no file and needs no writable disk. Both ends ask the kernel
//! who the other is. While the pane process waits for its orders the launcher takes down its
//! identity, so that no PID can be reused in between.
//!
//! ```text
//! agent-pane                                  launcher, later the sidecar
//!   connect ────────────────────────────────▶ accept: same user? the pane's process?
//!           ◀──────────────── orders ──────── directory, shell, command, environment, group
//!   enter the group ──── joined | outside ──▶ if outside: ask the user manager
//!           ◀─────────────────── go ───────── identity taken
//!   exec the command: the socket closes ────▶ started        (or `failed` and why)
//! ```

mod answer;
mod entrance;
mod error;
mod gate_name;
mod listener;
mod orders;
mod visitor;

pub use answer::PaneFailure;
pub use entrance::{EntranceError, enter};
pub use error::GateError;
pub use gate_name::GateName;
pub use listener::Gate;
pub use orders::{MalformedOrders, Orders};
pub use visitor::Visitor;
