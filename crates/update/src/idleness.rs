//! Decides whether an agent is idle, so that it can be stopped without losing work. Pure.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_delivery::Refusal;
use mosaic_probe::snapshot::{Activity, ActivitySnapshot, ActivitySource};

/// Whether an agent may be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Idleness {
    /// It may be stopped.
    Idle,
    /// It may not, for this reason.
    Busy(String),
}

/// Why a message could not be typed into an agent's pane now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InputObstacle {
    pub(crate) reason: String,
    /// Whether the screen shows the obstacle, rather than something unrecognized.
    pub(crate) certain: bool,
}

/// An agent without a report must have printed nothing for this long. A working program animates its screen.
const QUIET: Duration = Duration::from_secs(10);
/// The resolution of the timestamps of reports.
const REPORT_RESOLUTION: Duration = Duration::from_secs(1);

impl InputObstacle {
    /// The obstacle for which delivery refuses a message.
    pub(crate) fn from_refusal(refusal: &Refusal) -> Self {
        let certain = matches!(refusal, Refusal::Busy | Refusal::Draft | Refusal::Dialog(_) | Refusal::InMode);
        Self { reason: refusal.to_string(), certain }
    }

    /// An obstacle that the screen does not show for certain.
    pub(crate) fn uncertain(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), certain: false }
    }
}

impl Idleness {
    /// Decides by the agent's activity report, unless `obstacle` contradicts it for certain. Without a report
    /// of this process, which started at `started`, decides by `obstacle` and by `quiet`, the time since the
    /// last output.
    pub(crate) fn new(
        activity: Option<&ActivitySnapshot>,
        started: Timestamp,
        quiet: Duration,
        obstacle: impl FnOnce() -> Option<InputObstacle>,
    ) -> Self {
        // A report that is older than the process is a report of the previous process.
        let is_own = |report: &&ActivitySnapshot| report.since + REPORT_RESOLUTION >= started;
        let activity = activity.filter(is_own);
        let reason =
            |seen: &ActivitySnapshot| seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        match activity.map(|seen| (seen.source, seen.state, seen)) {
            Some((ActivitySource::Report | ActivitySource::StatusFile, Activity::Idle, _)) => obstacle()
                .filter(|obstacle| obstacle.certain)
                .map_or(Self::Idle, |obstacle| Self::Busy(obstacle.reason)),
            Some((ActivitySource::StatusFile, state, seen)) => {
                Self::Busy(format!("its program says that it is {}{}", state.as_str(), reason(seen)))
            }
            Some((ActivitySource::Report, state, seen)) => {
                Self::Busy(format!("it reports that it is {}{}", state.as_str(), reason(seen)))
            }
            Some((ActivitySource::Screen, Activity::Waiting, seen)) => {
                Self::Busy(format!("a dialog is open{}", reason(seen)))
            }
            // A single screen without signs of work is no proof of idleness.
            Some((ActivitySource::Screen, ..)) | None => match obstacle() {
                Some(obstacle) => Self::Busy(obstacle.reason),
                None if quiet < QUIET => {
                    Self::Busy(format!("it reports no activity, and its last output is {} s old", quiet.as_secs()))
                }
                None => Self::Idle,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Idleness, InputObstacle};
    use jiff::Timestamp;
    use mosaic_probe::snapshot::{Activity, ActivitySnapshot, ActivitySource};
    use std::time::Duration;

    #[test]
    fn report_counts_before_screen_and_last_output() {
        use Activity::{Blocked, Idle, Waiting, Working};
        use ActivitySource::{Report, Screen, StatusFile};
        let busy = |why: &str| Idleness::Busy(why.to_owned());
        let certain = |why: &str| Some(InputObstacle { reason: why.to_owned(), certain: true });
        let unclear = |why: &str| Some(InputObstacle { reason: why.to_owned(), certain: false });
        let table = [
            (Some((Idle, 100, Report)), 0, None, Idleness::Idle),
            (Some((Idle, 100, Report)), 0, unclear("x"), Idleness::Idle),
            (Some((Idle, 100, Report)), 60, certain("the agent is working"), busy("the agent is working")),
            (Some((Working, 100, Report)), 60, None, busy("it reports that it is working: tests")),
            (Some((Waiting, 100, Report)), 60, None, busy("it reports that it is waiting: tests")),
            (Some((Blocked, 100, Report)), 60, None, busy("it reports that it is blocked: tests")),
            (Some((Idle, 100, StatusFile)), 0, None, Idleness::Idle),
            (Some((Idle, 100, StatusFile)), 60, certain("unsent text"), busy("unsent text")),
            (Some((Working, 100, StatusFile)), 60, None, busy("its program says that it is working: tests")),
            (Some((Waiting, 100, Screen)), 60, None, busy("a dialog is open: tests")),
            (Some((Working, 100, Screen)), 60, certain("the agent is working"), busy("the agent is working")),
            (Some((Idle, 100, Screen)), 60, certain("unsent text"), busy("unsent text")),
            (Some((Idle, 100, Screen)), 9, None, busy("it reports no activity, and its last output is 9 s old")),
            (Some((Idle, 100, Screen)), 10, None, Idleness::Idle),
            (Some((Idle, 49, Report)), 60, certain("a dialog is open"), busy("a dialog is open")),
            (Some((Idle, 49, Report)), 60, None, Idleness::Idle),
            (Some((Idle, 50, Report)), 0, None, Idleness::Idle),
            (None, 60, unclear("the agent is working"), busy("the agent is working")),
            (None, 9, None, busy("it reports no activity, and its last output is 9 s old")),
            (None, 10, None, Idleness::Idle),
        ];
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (activity, quiet, obstacle, expected) in table {
            let activity = activity.map(|(state, since, source)| ActivitySnapshot {
                state,
                since: at(since),
                reason: Some("tests".to_owned()),
                waiting_for: None,
                silent_since: None,
                source,
                model: None,
                task: None,
            });
            // Process start times are finer than the timestamps of reports.
            let started = at(50) + Duration::from_millis(600);
            let seen = Idleness::new(activity.as_ref(), started, Duration::from_secs(quiet), || obstacle.clone());
            assert_eq!(seen, expected, "{activity:?} {quiet} {obstacle:?}");
        }
    }
}
