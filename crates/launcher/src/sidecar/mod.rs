//! The sidecar: watches one pane process, writes its heartbeat, and passes its end on.
//!
//! It is one wait on {pane process, tmux server, signals, gate, time} in `watch`; what follows
//! from an end is decided in `ending`, what is said about it in `post_mortem`, and a stop on
//! request is in `stop`. There is no async runtime, and nothing is forked while it waits, unless messages
//! wait for the agent (`waiting_messages`): twenty of these run beside twenty agents for weeks.

mod after_stop;
mod assignment;
mod beater;
mod deliverer;
mod duration_text;
mod end_of_life;
mod ending;
mod error;
mod first_report;
mod guardian;
pub(crate) mod journal;
mod leftovers;
mod life;
mod notify;
mod parent;
mod post_mortem;
mod rebinding;
mod remainder;
mod schedule;
mod settle;
mod signals;
mod stop;
mod unit_state;
mod waiting_messages;
mod watch;

pub use after_stop::after_stop;
pub use assignment::{Assignment, InvalidAssignment};
pub use deliverer::deliver;
pub use error::SidecarError;
pub use first_report::FirstReport;
pub use guardian::guard;
pub use life::run;
pub(crate) use signals::Signals;
pub(crate) use stop::end_process;
