//! The collectors, and the selection of collectors for a scrape.

use std::str::FromStr;

use mosaic_probe::snapshot::SourceName;

/// A group of families with a common source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collector {
    /// The roster.
    Roster,
    /// The tmux server and its panes.
    Tmux,
    /// The user manager and its units.
    Systemd,
    /// The heartbeats, and the agents' reports of their activity.
    Heartbeat,
    /// The processes and their resources.
    Process,
    /// The messages in the outbox. This collector leaves out agents whose messages cannot be read.
    Outbox,
    /// The conclusions from all sources: condition, drift and verification. This collector cannot fail.
    Verdict,
}

impl Collector {
    /// All collectors, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Roster, Self::Tmux, Self::Systemd, Self::Heartbeat, Self::Process, Self::Outbox, Self::Verdict];

    /// The name in flags and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Tmux => "tmux",
            Self::Systemd => "systemd",
            Self::Heartbeat => "heartbeat",
            Self::Process => "process",
            Self::Outbox => "outbox",
            Self::Verdict => "verdict",
        }
    }

    /// The source that the collector reads; `None` for the outbox, which is no part of the observation, and for the verdict,
    /// which reads none and cannot fail.
    #[must_use]
    pub fn source(self) -> Option<SourceName> {
        match self {
            Self::Roster => Some(SourceName::Roster),
            Self::Tmux => Some(SourceName::Tmux),
            Self::Systemd => Some(SourceName::Systemd),
            Self::Heartbeat => Some(SourceName::Heartbeat),
            Self::Process => Some(SourceName::Process),
            Self::Outbox | Self::Verdict => None,
        }
    }
}

impl FromStr for Collector {
    type Err = UnknownCollector;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|collector| collector.as_str() == given);
        named.ok_or_else(|| UnknownCollector { given: given.to_owned() })
    }
}

/// A name that no collector has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown collector '{}': expected {}", .given.escape_debug(), Collector::ALL.map(Collector::as_str).join(", "))]
pub struct UnknownCollector {
    given: String,
}

/// The samples of a state set that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum States {
    /// One per state: 1 for the current one, 0 for the others.
    #[default]
    All,
    /// The current one only. That is about two thirds as many series.
    Current,
}

impl FromStr for States {
    type Err = UnknownStates;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        match given {
            "all" => Ok(Self::All),
            "current" => Ok(Self::Current),
            _ => Err(UnknownStates { given: given.to_owned() }),
        }
    }
}

/// A text that names no selection of states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown states '{}': expected all or current", .given.escape_debug())]
pub struct UnknownStates {
    given: String,
}

/// A set of collectors, and of the samples of their state sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    selected: [bool; Collector::ALL.len()],
    states: States,
}

impl Selection {
    /// All collectors.
    pub const ALL: Self = Self { selected: [true; Collector::ALL.len()], states: States::All };

    /// Selects the collectors that `collect` names, or all if it names none, and removes those that `exclude` names.
    ///
    /// # Errors
    /// A name is unknown.
    pub fn parse(collect: &[impl AsRef<str>], exclude: &[impl AsRef<str>]) -> Result<Self, UnknownCollector> {
        let mut selection = Self { selected: [collect.is_empty(); Collector::ALL.len()], ..Self::ALL };
        for name in collect {
            selection.selected[name.as_ref().parse::<Collector>()? as usize] = true;
        }
        exclude.iter().try_fold(selection, |selection, name| Ok(selection.without(name.as_ref().parse()?)))
    }

    /// Removes a collector.
    #[must_use]
    pub fn without(mut self, collector: Collector) -> Self {
        self.selected[collector as usize] = false;
        self
    }

    /// Selects samples of state sets.
    #[must_use]
    pub fn with_states(self, states: States) -> Self {
        Self { states, ..self }
    }

    pub(crate) fn states(&self) -> States {
        self.states
    }

    /// Whether a collector is selected.
    #[must_use]
    pub fn contains(&self, collector: Collector) -> bool {
        self.selected[collector as usize]
    }

    /// The selected collectors.
    pub fn iter(&self) -> impl Iterator<Item = Collector> + '_ {
        Collector::ALL.into_iter().filter(|collector| self.contains(*collector))
    }
}

#[cfg(test)]
mod tests {
    use super::{Selection, States};
    use crate::Collector::{self, Heartbeat, Outbox, Process, Roster, Systemd, Tmux, Verdict};

    #[test]
    fn collect_and_exclude_select_collectors() {
        let table: [(&[&str], &[&str], &[Collector]); 6] = [
            (&[], &[], &Collector::ALL),
            (&["tmux"], &[], &[Tmux]),
            (&["verdict", "tmux", "tmux"], &[], &[Tmux, Verdict]),
            (&[], &["systemd", "process"], &[Roster, Tmux, Heartbeat, Outbox, Verdict]),
            (&["tmux", "systemd"], &["tmux"], &[Systemd]),
            (&["process"], &["process"], &[]),
        ];
        for (collect, exclude, expected) in table {
            let selection = Selection::parse(collect, exclude).unwrap();
            assert_eq!(selection.iter().collect::<Vec<_>>(), expected, "{collect:?} {exclude:?}");
        }
        assert!(!Selection::ALL.without(Process).contains(Process));
    }

    #[test]
    fn states_are_all_or_current() {
        assert_eq!(["all", "current"].map(str::parse), [Ok(States::All), Ok(States::Current)]);
        let error = "some".parse::<States>().unwrap_err();
        assert_eq!(error.to_string(), "unknown states 'some': expected all or current");
    }

    #[test]
    fn an_unknown_collector_is_refused_with_the_known_ones() {
        let none: [&str; 0] = [];
        for (collect, exclude) in [(&["cpu"][..], &none[..]), (&none, &["cpu"]), (&["tmux", "cpu"], &none)] {
            let error = Selection::parse(collect, exclude).unwrap_err();
            assert_eq!(
                error.to_string(),
                "unknown collector 'cpu': expected roster, tmux, systemd, heartbeat, process, outbox, verdict"
            );
        }
    }
}
