//! Starts an agent, and stays to watch it.
//!
//! Three programs, each a file in `bin/` that only calls in here:
//!
//! - `start-agent-session` ([`start`]) makes the agent's tmux session, or adopts the one that is
//!   there, and becomes (under systemd) or leaves behind (otherwise) a sidecar;
//! - `agent-pane` ([`gate`]) is what tmux starts in the pane: it enters the unit's control group,
//!   takes the agent's environment from the launcher, and becomes the agent's command;
//! - `agent-sidecar` ([`sidecar`]) watches the pane process, writes its heartbeat, and passes its
//!   end on. It is small, waits in one place, and knows nothing of how a session is made.
//!
//! ```text
//! absent ──start──▶ starting ──pane up, env in, group joined, first beat──▶ running
//! running ──pane process exits──▶ exited ──▶ final beat, last lines to the journal,
//!                                            session removed, same verdict to systemd
//! running ──SIGTERM──▶ stopping ──grace──▶ stopped      running ──server gone──▶ lost
//! running ──pane respawned──▶ running, bound to the new process
//! ```

mod bug;
pub mod gate;
pub mod sidecar;
pub mod start;
mod systemd_service;

pub use bug::report_bugs;
