//! Whether an agent may be stopped: pure.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_probe::snapshot::{ActivitySnapshot, ActivitySource};

use super::obstacle::Obstacle;

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
    /// By what an agent whose process started then says of itself, unless `obstacle`, what stands in the way of a
    /// message on its screen, says otherwise for certain. Without a report: by that, and by how long nothing was printed.
    pub(super) fn of(
        activity: Option<&ActivitySnapshot>,
        started: Timestamp,
        quiet: Duration,
        obstacle: impl FnOnce() -> Option<Obstacle>,
    ) -> Self {
        // What the process before it has left says nothing.
        let is_its_own =
            |report: &&ActivitySnapshot| report.since.parse::<Timestamp>().is_ok_and(|since| since + EXACT >= started);
        let seen = activity.filter(is_its_own);
        let why = |seen: &ActivitySnapshot| seen.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        match seen.map(|seen| (seen.source, seen.state.as_str(), seen)) {
            Some((ActivitySource::Report, "idle", _)) => {
                obstacle().filter(Obstacle::is_certain).map_or(Self::Idle, |obstacle| Self::Busy(obstacle.why))
            }
            Some((ActivitySource::Report, state, seen)) => {
                Self::Busy(format!("it says that it is {state}{}", why(seen)))
            }
            Some((ActivitySource::Screen, "waiting", seen)) => Self::Busy(format!("a dialog is open{}", why(seen))),
            // A screen that shows no work may show none of it for a moment.
            Some((ActivitySource::Screen, ..)) | None => match obstacle() {
                Some(obstacle) => Self::Busy(obstacle.why),
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
    use super::super::obstacle::Obstacle;
    use super::Rest;
    use jiff::Timestamp;
    use mosaic_probe::snapshot::{ActivitySnapshot, ActivitySource};
    use std::time::Duration;

    #[test]
    fn its_own_word_counts_and_without_one_its_screen() {
        use ActivitySource::{Report, Screen};
        let busy = |why: &str| Rest::Busy(why.to_owned());
        let certain = |why: &str| Some(Obstacle { why: why.to_owned(), certain: true });
        let unclear = |why: &str| Some(Obstacle { why: why.to_owned(), certain: false });
        let table = [
            (Some(("idle", 100, Report)), 0, None, Rest::Idle),
            (Some(("idle", 100, Report)), 0, unclear("x"), Rest::Idle),
            (Some(("idle", 100, Report)), 60, certain("it is at work"), busy("it is at work")),
            (Some(("working", 100, Report)), 60, None, busy("it says that it is working: tests")),
            (Some(("waiting", 100, Report)), 60, None, busy("it says that it is waiting: tests")),
            (Some(("blocked", 100, Report)), 60, None, busy("it says that it is blocked: tests")),
            (Some(("waiting", 100, Screen)), 60, None, busy("a dialog is open: tests")),
            (Some(("working", 100, Screen)), 60, certain("it is at work"), busy("it is at work")),
            (Some(("idle", 100, Screen)), 60, certain("somebody's draft"), busy("somebody's draft")),
            (Some(("idle", 100, Screen)), 9, None, busy("it does not say what it does, and printed something 9 s ago")),
            (Some(("idle", 100, Screen)), 10, None, Rest::Idle),
            (Some(("idle", 49, Report)), 60, certain("a dialog is open"), busy("a dialog is open")),
            (Some(("idle", 49, Report)), 60, None, Rest::Idle),
            (Some(("idle", 50, Report)), 0, None, Rest::Idle),
            (None, 60, unclear("it is at work"), busy("it is at work")),
            (None, 9, None, busy("it does not say what it does, and printed something 9 s ago")),
            (None, 10, None, Rest::Idle),
        ];
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (activity, quiet, obstacle, expected) in table {
            let activity = activity.map(|(state, since, source)| ActivitySnapshot {
                state: state.to_owned(),
                since: at(since).to_string(),
                reason: Some("tests".to_owned()),
                waiting_for: None,
                silent_since: None,
                source,
                model: None,
                task: None,
            });
            // Its process started in the second half of a second.
            let started = at(50) + Duration::from_millis(600);
            let seen = Rest::of(activity.as_ref(), started, Duration::from_secs(quiet), || obstacle.clone());
            assert_eq!(seen, expected, "{activity:?} {quiet} {obstacle:?}");
        }
    }
}
