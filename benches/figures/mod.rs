//! What is measured: a file a figure.

mod calls;
mod cost;
mod death;
mod deliver;
mod memory;
mod observe;
mod resident;
mod scrape;
mod start;
mod unit;

use crate::effort::Effort;
use clap::ValueEnum;

/// A figure that one worker measures; it has one row of the table or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    /// How long a start takes
    Start,
    /// What a sidecar occupies
    Memory,
    /// Forks and system calls a beat
    Calls,
    /// Context switches and processor time a beat
    Cost,
    /// From an agent's death to a heartbeat that says so
    Death,
    /// From an agent's death to a unit that is no longer active
    Unit,
    /// One look at a fleet of a thousand agents
    Observe,
    /// Looking at them again and again
    Resident,
    /// Scrapes of a fleet of a thousand agents, beside `node_exporter`'s
    Scrape,
    /// From a message's call to its being accepted
    Deliver,
}

impl Figure {
    pub(crate) const ALL: [Self; 10] = [
        Self::Start,
        Self::Memory,
        Self::Calls,
        Self::Cost,
        Self::Death,
        Self::Unit,
        Self::Observe,
        Self::Resident,
        Self::Scrape,
        Self::Deliver,
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Sends its rows to the supervisor.
    ///
    /// # Errors
    /// It, or the rest of it, cannot be measured here.
    pub(crate) fn measure(self, effort: Effort) -> Result<(), String> {
        match self {
            Self::Start => start::measure(effort),
            Self::Memory => memory::measure(effort),
            Self::Calls => calls::measure(effort),
            Self::Cost => cost::measure(effort),
            Self::Death => death::measure(effort),
            Self::Unit => unit::measure(effort),
            Self::Observe => observe::measure(effort),
            Self::Resident => resident::measure(effort),
            Self::Scrape => scrape::measure(effort),
            Self::Deliver => deliver::measure(effort),
        }
    }
}
