//! The figures: one file per figure.

mod beat_cost;
mod delivery_time;
mod exit_detection;
mod fleet_ps;
mod repeated_observation;
mod scrape;
mod sidecar_crowd;
mod sidecar_memory;
mod start_time;
mod system_calls;
mod unit_failure;

use crate::arguments::Effort;
use clap::ValueEnum;

/// A group of rows that one worker process measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    /// Duration of a start
    Start,
    /// Memory of a sidecar
    Memory,
    /// Created processes and system calls per heartbeat
    Calls,
    /// Context switches and CPU time per heartbeat
    Cost,
    /// From an agent's death to a heartbeat with `status=exited`
    Death,
    /// From an agent's death to an inactive unit
    Unit,
    /// Many sidecars that are killed at once
    Crowd,
    /// `fleet ps` and `fleet verify` of a thousand agents
    Observe,
    /// Repeated observations of a thousand agents by one process
    Resident,
    /// Scrapes of a thousand agents, compared with `node_exporter`
    Scrape,
    /// From the call to the acceptance of a message
    Deliver,
}

impl Figure {
    pub(crate) const ALL: [Self; 11] = [
        Self::Start,
        Self::Memory,
        Self::Calls,
        Self::Cost,
        Self::Death,
        Self::Unit,
        Self::Crowd,
        Self::Observe,
        Self::Resident,
        Self::Scrape,
        Self::Deliver,
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Measures the figure and sends its rows to the supervisor.
    ///
    /// # Errors
    /// The reason why the figure or the rest of it cannot be measured on this machine.
    pub(crate) fn measure(self, effort: Effort) -> Result<(), String> {
        match self {
            Self::Start => start_time::measure(effort),
            Self::Memory => sidecar_memory::measure(effort),
            Self::Calls => system_calls::measure(effort),
            Self::Cost => beat_cost::measure(effort),
            Self::Death => exit_detection::measure(effort),
            Self::Unit => unit_failure::measure(effort),
            Self::Crowd => sidecar_crowd::measure(effort),
            Self::Observe => fleet_ps::measure(effort),
            Self::Resident => repeated_observation::measure(effort),
            Self::Scrape => scrape::measure(effort),
            Self::Deliver => delivery_time::measure(effort),
        }
    }
}
