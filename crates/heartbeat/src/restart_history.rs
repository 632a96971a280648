//! What an agent's last ends mean together: whether it is in a restart loop, and how long its next restart waits. This
//! module is pure.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::ExitVerdict;

use crate::end_record::{EndVerdict, LogEntry};

/// A run that lasts this long ends a restart loop.
pub const LONG_RUN: Duration = Duration::from_mins(10);
/// A command that exits with code 0 has done its work if it ran this long.
const LONG_SUCCESSFUL_RUN: Duration = Duration::from_mins(1);
/// A pause between two runs after which they are not in one loop.
const LONG_PAUSE: Duration = Duration::from_hours(1);
/// So many ends in a row are restarted without a delay: a killed tmux server or an update is no loop.
pub const FREE_RESTARTS: u32 = 2;
/// The longest delay of a restart.
pub const MAX_DELAY: Duration = Duration::from_mins(5);

/// The ends in a row after short runs, up to the newest end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartHistory {
    /// The number of these ends.
    pub ends: u32,
    /// When the first of these runs started.
    pub since: Timestamp,
    /// When the last of them ended.
    pub until: Timestamp,
}

impl RestartHistory {
    /// Reads the history from the entries of a log, the oldest first. `None` if the newest entry is not the end of a short
    /// run.
    #[must_use]
    pub fn from_entries(entries: &[LogEntry]) -> Option<Self> {
        let mut history: Option<Self> = None;
        for entry in entries.iter().rev() {
            let LogEntry::Ended { at, verdict, lifetime } = *entry else { break };
            let pause = history.map_or(0, |history| history.since.as_second().saturating_sub(at.as_second()));
            if !is_short(verdict, lifetime) || pause > LONG_PAUSE.as_secs().cast_signed() {
                break;
            }
            let since = at.checked_sub(lifetime).unwrap_or(at);
            let (ends, until) = history.map_or((1, at), |history| (history.ends.saturating_add(1), history.until));
            history = Some(Self { ends, since, until });
        }
        history
    }

    /// How long the next automatic restart waits, in addition to the `RestartSec=` of the unit.
    #[must_use]
    pub fn delay(&self) -> Duration {
        match self.ends.checked_sub(FREE_RESTARTS + 1) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1 << doublings.min(20)).min(MAX_DELAY),
        }
    }

    /// How long a restart at `now` waits. Ends that are not recent delay nothing.
    #[must_use]
    pub fn delay_at(&self, now: Timestamp) -> Duration {
        let age = now.as_second().saturating_sub(self.until.as_second());
        if age > LONG_RUN.as_secs().cast_signed() { Duration::ZERO } else { self.delay() }
    }

    /// How often the agent was started in what time, such as "started 11 times in 3 min". `further` is the number of starts
    /// after the last end.
    #[must_use]
    pub fn starts_clause(&self, further: u32) -> String {
        let seconds = self.until.as_second().saturating_sub(self.since.as_second());
        let span = match seconds {
            ..=90 => format!("{} s", seconds.max(1)),
            91..5400 => format!("{} min", (seconds + 30) / 60),
            _ => format!("{} h", (seconds + 1800) / 3600),
        };
        let starts = self.ends.saturating_add(further);
        format!("started {starts} time{} in {span}", if starts == 1 { "" } else { "s" })
    }

    /// Returns whether so many ends in a row are worth a word.
    #[must_use]
    pub fn is_loop(&self) -> bool {
        self.ends > FREE_RESTARTS
    }
}

/// Returns whether a run was too short to be one that worked.
fn is_short(verdict: EndVerdict, lifetime: Duration) -> bool {
    match verdict {
        EndVerdict::Stopped => false,
        EndVerdict::Exited(ExitVerdict::Code(0)) => lifetime < LONG_SUCCESSFUL_RUN,
        EndVerdict::Exited(_) | EndVerdict::Unknown | EndVerdict::Lost | EndVerdict::NotStarted => lifetime < LONG_RUN,
    }
}

#[cfg(test)]
mod tests {
    use super::RestartHistory;
    use crate::end_record::{EndVerdict, LogEntry};
    use jiff::Timestamp;
    use mosaic_domain::ExitVerdict::{Code, Signal};
    use std::time::Duration;

    const FAILED: EndVerdict = EndVerdict::Exited(Code(1));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_186_688 + seconds).unwrap()
    }

    fn ended(seconds: i64, verdict: EndVerdict, lifetime: u64) -> LogEntry {
        LogEntry::Ended { at: at(seconds), verdict, lifetime: Duration::from_secs(lifetime) }
    }

    #[test]
    fn the_delay_grows_and_never_ends() {
        let delays: Vec<u64> =
            (1..=14).map(|ends| RestartHistory { ends, since: at(0), until: at(9) }.delay().as_secs()).collect();
        assert_eq!(delays, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        let history = RestartHistory { ends: u32::MAX, since: at(0), until: at(9) };
        assert_eq!(history.delay().as_secs(), 300);
        assert_eq!(history.delay_at(at(10)).as_secs(), 300);
        assert_eq!(history.delay_at(at(0)).as_secs(), 300, "the clock was set back");
        assert_eq!(history.delay_at(at(9 + 601)), Duration::ZERO);
    }

    #[test]
    fn the_starts_are_counted_in_words() {
        let table = [
            (1, 0, 0, "started 1 time in 1 s"),
            (10, 1, 173, "started 11 times in 3 min"),
            (40, 0, 9000, "started 40 times in 3 h"),
        ];
        for (ends, further, seconds, expected) in table {
            assert_eq!(RestartHistory { ends, since: at(0), until: at(seconds) }.starts_clause(further), expected);
        }
    }

    #[test]
    fn only_short_runs_in_a_row_count() {
        type Case = (&'static str, Vec<LogEntry>, Option<(u32, i64)>);
        let requested = LogEntry::StartRequested { at: at(50) };
        let table: [Case; 11] = [
            ("none", vec![], None),
            ("one", vec![ended(20, FAILED, 13)], Some((1, 7))),
            ("a slow loop", vec![ended(20, FAILED, 13), ended(40, FAILED, 13), ended(60, FAILED, 13)], Some((3, 7))),
            (
                "killed",
                vec![ended(20, EndVerdict::Exited(Signal(9)), 1), ended(40, EndVerdict::Lost, 1)],
                Some((2, 19)),
            ),
            (
                "failed starts",
                vec![ended(20, EndVerdict::NotStarted, 0), ended(21, EndVerdict::Unknown, 0)],
                Some((2, 20)),
            ),
            ("a long run", vec![ended(20, FAILED, 13), ended(900, FAILED, 800), ended(910, FAILED, 5)], Some((1, 905))),
            ("a long run last", vec![ended(20, FAILED, 13), ended(900, FAILED, 800)], None),
            (
                "work done",
                vec![ended(20, EndVerdict::Exited(Code(0)), 1), ended(99, EndVerdict::Exited(Code(0)), 61)],
                None,
            ),
            (
                "a stop",
                vec![ended(20, FAILED, 1), ended(30, EndVerdict::Stopped, 1), ended(40, FAILED, 1)],
                Some((1, 39)),
            ),
            ("a requested start", vec![ended(20, FAILED, 1), requested, ended(60, FAILED, 1)], Some((1, 59))),
            ("a long pause", vec![ended(20, FAILED, 1), ended(9000, FAILED, 1)], Some((1, 8999))),
        ];
        for (name, entries, expected) in table {
            let history = RestartHistory::from_entries(&entries);
            assert_eq!(
                history.map(|history| (history.ends, history.since)),
                expected.map(|(ends, since)| (ends, at(since))),
                "{name}"
            );
        }
    }
}
