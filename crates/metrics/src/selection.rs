//! Which collectors a scrape is about.

use crate::Collector;

/// A set of collectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    chosen: [bool; Collector::ALL.len()],
}

/// A word that names no collector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no collector '{}': expected {}", .given.escape_debug(), Collector::ALL.map(Collector::as_str).join(", "))]
pub struct UnknownCollector {
    pub(crate) given: String,
}

impl Selection {
    /// All collectors.
    pub const ALL: Self = Self { chosen: [true; Collector::ALL.len()] };

    /// Those that `collect` names, all if it names none, without those that `exclude` names.
    ///
    /// # Errors
    /// A word is no collector's.
    pub fn chosen(collect: &[impl AsRef<str>], exclude: &[impl AsRef<str>]) -> Result<Self, UnknownCollector> {
        let mut selection = Self { chosen: [collect.is_empty(); Collector::ALL.len()] };
        for word in collect {
            selection.chosen[word.as_ref().parse::<Collector>()? as usize] = true;
        }
        exclude.iter().try_fold(selection, |selection, word| Ok(selection.without(word.as_ref().parse()?)))
    }

    /// These without one, which is switched off.
    #[must_use]
    pub fn without(mut self, collector: Collector) -> Self {
        self.chosen[collector as usize] = false;
        self
    }

    /// A collector is among them.
    #[must_use]
    pub fn has(&self, collector: Collector) -> bool {
        self.chosen[collector as usize]
    }

    /// The collectors.
    pub fn iter(&self) -> impl Iterator<Item = Collector> + '_ {
        Collector::ALL.into_iter().filter(|collector| self.has(*collector))
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;
    use crate::Collector::{self, Heartbeat, Process, Roster, Systemd, Tmux, Verdict};

    #[test]
    fn what_is_asked_for_is_what_is_written() {
        let table: [(&[&str], &[&str], &[Collector]); 6] = [
            (&[], &[], &Collector::ALL),
            (&["tmux"], &[], &[Tmux]),
            (&["verdict", "tmux", "tmux"], &[], &[Tmux, Verdict]),
            (&[], &["systemd", "process"], &[Roster, Tmux, Heartbeat, Verdict]),
            (&["tmux", "systemd"], &["tmux"], &[Systemd]),
            (&["process"], &["process"], &[]),
        ];
        for (collect, exclude, expected) in table {
            let selection = Selection::chosen(collect, exclude).unwrap();
            assert_eq!(selection.iter().collect::<Vec<_>>(), expected, "{collect:?} {exclude:?}");
        }
        assert!(!Selection::ALL.without(Process).has(Process));
    }

    #[test]
    fn a_collector_that_there_is_not_is_refused_with_those_that_there_are() {
        let none: [&str; 0] = [];
        for (collect, exclude) in [(&["cpu"][..], &none[..]), (&none, &["cpu"]), (&["tmux", "cpu"], &none)] {
            let error = Selection::chosen(collect, exclude).unwrap_err();
            assert_eq!(
                error.to_string(),
                "there is no collector 'cpu': expected roster, tmux, systemd, heartbeat, process, verdict"
            );
        }
    }
}
