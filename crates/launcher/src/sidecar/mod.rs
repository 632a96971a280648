//! `agent-sidecar`: watches one pane process, writes its heartbeat, and passes its end on.
//!
//! The sidecar is one wait on {pane process, tmux server, signals, handshake socket, time}. There is no async runtime,
//! and it starts no process while it waits, unless messages wait for the agent: many sidecars run for weeks, so memory
//! and system calls count.
//!
//! | task | file | kind |
//! |---|---|---|
//! | the event loop, respawned panes | `event_loop.rs` | acts |
//! | the one wait | `event_wait.rs` | acts |
//! | when the next heartbeat is due | `heartbeat_schedule.rs` | pure |
//! | when to look at the agent's control group after a start | `group_watch.rs` | pure |
//! | what a heartbeat looks at | `check_rota.rs` | pure |
//! | writing heartbeats, holding the lock | `heartbeat_writer.rs` | acts |
//! | what the end of the pane process means | `end_classifier.rs` | pure |
//! | asking for it until tmux knows | `end_inquiry.rs` | acts |
//! | handling the end and recording it, and a stop on request | `agent_end.rs`, `process_termination.rs` | acts |
//! | delivering waiting messages | `message_delivery.rs` | acts |
//! | a socket of the tmux server that was removed | `socket_guard.rs` | acts |
//! | a sidecar that was killed: `--after-stop` and `--guard` | `after_stop.rs`, `guardian.rs`, `unit_state.rs` | a pure decision in each |
//! | reporting to the launcher and to systemd | `start_report.rs` | acts |

mod after_stop;
mod agent_end;
mod assignment;
mod check_rota;
mod end_classifier;
mod end_inquiry;
mod event_loop;
mod event_wait;
mod group_watch;
mod guardian;
mod heartbeat_schedule;
mod heartbeat_writer;
mod message_delivery;
mod process_termination;
mod socket_guard;
mod start_report;
mod unit_state;

pub use after_stop::after_stop;
pub use agent_end::AgentEnd;
pub use assignment::{Assignment, InvalidAssignment};
pub use event_loop::{SidecarError, SidecarOutcome, run};
pub(crate) use event_wait::Signals;
pub use guardian::guard;
pub use message_delivery::exec_delivery;
pub(crate) use process_termination::end_process;
pub use start_report::StartReport;
