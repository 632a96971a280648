//! Brings the agents' programs up to date, and then the agents that run them, one at a time.
//!
//! What decides is pure: how a program was installed ([`Installation`]), since when it is the version that
//! it is (`known_version`), whether an agent runs an older one (`standing`), whether it is in the midst of
//! something (`rest`). `refresh` runs a program's own updater, `drain` waits for an agent, `relaunching`
//! relaunches it by [`crate::lifecycle`], and `run` puts these in a row that ends at the first failure. What
//! was done is to be seen again by whoever comes next, so that the same command goes on.

mod agent_line;
mod agent_seen;
mod drain;
mod installation;
mod interruption;
mod known_version;
mod last_change;
mod moment;
mod obstacle;
mod program;
mod refresh;
mod relaunching;
mod report;
mod rest;
mod run;
mod selection;
mod standing;
mod telling;
mod undrained;
mod update_error;
mod update_lock;
mod update_record;
mod updater;
mod version;

use installation::Installation;

pub(crate) use refresh::Wish;
#[cfg(test)]
pub(crate) use report::UpdateReport;
pub(crate) use run::{Request, run};
