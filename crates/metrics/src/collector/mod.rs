//! The collectors, one file each: which families say what one source says.

mod heartbeat;
mod process;
mod roster;
mod systemd;
mod tmux;
mod verdict;

use std::str::FromStr;

use mosaic_probe::snapshot::{SourceName, SourceReport};

use crate::encoder::Encoder;
use crate::exposition::Exposition;
use crate::roster_agents::RosterAgents;
use crate::selection::UnknownCollector;

/// What writes some of the families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collector {
    /// The roster.
    Roster,
    /// The tmux server and its panes.
    Tmux,
    /// The user manager and the units.
    Systemd,
    /// Heartbeats, and what agents say of themselves.
    Heartbeat,
    /// Processes, and what they use.
    Process,
    /// What follows from all of it: condition, drift, verification. It never fails.
    Verdict,
}

impl Collector {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Roster, Self::Tmux, Self::Systemd, Self::Heartbeat, Self::Process, Self::Verdict];

    /// The word, as in flags and in labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Tmux => "tmux",
            Self::Systemd => "systemd",
            Self::Heartbeat => "heartbeat",
            Self::Process => "process",
            Self::Verdict => "verdict",
        }
    }

    /// The source that it reads. The verdict has none of its own, and so cannot fail.
    #[must_use]
    pub fn source(self) -> Option<SourceName> {
        match self {
            Self::Roster => Some(SourceName::Roster),
            Self::Tmux => Some(SourceName::Tmux),
            Self::Systemd => Some(SourceName::Systemd),
            Self::Heartbeat => Some(SourceName::Heartbeat),
            Self::Process => Some(SourceName::Process),
            Self::Verdict => None,
        }
    }

    /// Writes its families; of a source that failed, nothing, but what is known of the roster.
    pub(crate) fn write(self, encoder: &mut Encoder<'_>, exposition: &Exposition<'_>, agents: &RosterAgents<'_>) {
        let snapshot = exposition.snapshot;
        let read = self.source().is_none_or(|source| snapshot.sources.get(&source).is_some_and(|report| report.ok));
        match self {
            Self::Roster => roster::write(encoder, snapshot, agents, read),
            Self::Tmux if read => tmux::write(encoder, snapshot, agents),
            Self::Systemd if read => systemd::write(encoder, snapshot, agents),
            Self::Heartbeat if read => heartbeat::write(encoder, agents),
            Self::Process if read => process::write(encoder, agents),
            Self::Verdict => verdict::write(encoder, exposition, agents),
            Self::Tmux | Self::Systemd | Self::Heartbeat | Self::Process => {}
        }
    }

    /// How reading its source went.
    pub(crate) fn report<'a>(self, exposition: &Exposition<'a>) -> Option<&'a SourceReport> {
        exposition.snapshot.sources.get(&self.source()?)
    }
}

impl FromStr for Collector {
    type Err = UnknownCollector;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|collector| collector.as_str() == given);
        named.ok_or_else(|| UnknownCollector { given: given.to_owned() })
    }
}
