//! Whether an agent may be stopped: pure.

use std::time::Duration;

use jiff::Timestamp;
use probe::snapshot::ActivitySnapshot;

/// Is it in the midst of something?
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// No.
    Idle,
    /// Yes, of this.
    Busy(String),
}

/// How long an agent that reports nothing must have printed nothing: what works turns something.
const QUIET: Duration = Duration::from_secs(10);

/// A report is as exact as this.
const EXACT: Duration = Duration::from_secs(1);

impl Rest {
    /// By what an agent whose process started then says of itself. Without a report: by `obstacle`, what
    /// stands in the way of a message on its screen, and by how long nothing was printed.
    pub(super) fn of(
        activity: Option<&ActivitySnapshot>,
        started: Timestamp,
        quiet: Duration,
        obstacle: impl FnOnce() -> Option<String>,
    ) -> Self {
        // What the process before it has left says nothing.
        let is_its_own =
            |report: &&ActivitySnapshot| report.since.parse::<Timestamp>().is_ok_and(|since| since + EXACT >= started);
        match activity.filter(is_its_own) {
            Some(report) if report.state == "idle" => Self::Idle,
            Some(report) => {
                let why = report.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                Self::Busy(format!("it says that it is {}{why}", report.state))
            }
            None => match obstacle() {
                Some(why) => Self::Busy(why),
                None if quiet < QUIET => {
                    Self::Busy(format!("it does not say what it does, and printed something {} s ago", quiet.as_secs()))
                }
                None => Self::Idle,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rest;
    use jiff::Timestamp;
    use probe::snapshot::ActivitySnapshot;
    use std::time::Duration;

    #[test]
    fn its_own_word_counts_and_without_one_its_screen() {
        let busy = |why: &str| Rest::Busy(why.to_owned());
        let table = [
            (Some(("idle", 100)), 0, Some("x"), Rest::Idle),
            (Some(("working", 100)), 60, None, busy("it says that it is working: tests")),
            (Some(("waiting", 100)), 60, None, busy("it says that it is waiting: tests")),
            (Some(("blocked", 100)), 60, None, busy("it says that it is blocked: tests")),
            (Some(("idle", 49)), 60, Some("a dialog is open"), Rest::Busy("a dialog is open".to_owned())),
            (Some(("idle", 49)), 60, None, Rest::Idle),
            (Some(("idle", 50)), 0, Some("x"), Rest::Idle),
            (None, 60, Some("it is at work"), busy("it is at work")),
            (None, 9, None, busy("it does not say what it does, and printed something 9 s ago")),
            (None, 10, None, Rest::Idle),
        ];
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (activity, quiet, obstacle, expected) in table {
            let activity = activity.map(|(state, since)| ActivitySnapshot {
                state: state.to_owned(),
                since: at(since).to_string(),
                reason: Some("tests".to_owned()),
                waiting_for: None,
                silent_since: None,
                source: probe::snapshot::ActivitySource::Report,
                model: None,
                task: None,
            });
            // Its process started in the second half of a second.
            let started = at(50) + Duration::from_millis(600);
            let seen = Rest::of(activity.as_ref(), started, Duration::from_secs(quiet), || obstacle.map(str::to_owned));
            assert_eq!(seen, expected, "{activity:?} {quiet} {obstacle:?}");
        }
    }
}
