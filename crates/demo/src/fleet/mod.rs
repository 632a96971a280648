//! The demo's fleet: where it lives, how its agents are started, and how it all goes away again.
//!
//! Everything is below one directory ([`Home`]), everything that runs carries that directory in its
//! environment ([`Mark`]), and what is outside of it (two units in the runtime directory of the user
//! manager, `Units`) names it. So a [`Guard`] that knows nothing but the directory can clear up.

mod environment;
mod guard;
mod home;
mod job;
mod manager;
mod mark;
mod means;
mod programs;
mod teardown;
mod units;

pub(crate) use environment::Environment;
pub(crate) use guard::{Guard, guard};
pub(crate) use home::Home;
pub(crate) use job::Job;
use mark::Mark;
pub(crate) use means::Means;
pub(crate) use programs::Programs;

/// The variable of [`Mark`].
pub(crate) const MARK: &str = Mark::VARIABLE;

/// The fleet's three, in the order of the table; the second is the one that is killed.
pub(crate) const AGENTS: [&str; 3] = ["planner", "worker", "reviewer"];
/// Who is killed.
pub(crate) const VICTIM: &str = AGENTS[1];
/// The fleet's tmux socket, in the fleet's own directory.
pub(crate) const SOCKET: &str = "mosaic-demo";
