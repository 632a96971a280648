//! What an agent does: by its own word, or by what its screen shows.

use heartbeat::{Activity, ActivityReport};
use jiff::{SignedDuration, Timestamp};

use crate::snapshot::{ActivitySnapshot, ActivitySource, WaitingFor};

/// Longer than a build or a test run that prints nothing. The alert `MosaicAgentSilent` goes by the same.
const SILENT: SignedDuration = SignedDuration::from_mins(30);

/// What is known of an agent's doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs<'a> {
    /// The last report that was made.
    pub(crate) report: Option<&'a ActivityReport>,
    /// The dialog that was seen open.
    pub(crate) dialog: Option<&'a str>,
    /// When its window printed last.
    pub(crate) last_output: Option<Timestamp>,
    /// When the process that runs now started, by the wall clock.
    pub(crate) started: Option<Timestamp>,
    /// The clock.
    pub(crate) now: Timestamp,
}

/// What it does; `None` if neither it nor its screen says. The report is one of the process that runs.
pub(crate) fn activity(signs: Signs<'_>) -> Option<ActivitySnapshot> {
    let Signs { report, dialog, last_output, started, now } = signs;
    // A wait that was reported has the better reason.
    let dialog = dialog.filter(|_| report.is_none_or(|report| report.activity != Activity::Waiting));
    let (state, since, reason, source) = match (dialog, report) {
        (Some(dialog), report) => {
            let since = last_output.or(started).or(report.map(|report| report.since)).unwrap_or(now);
            (Activity::Waiting, since, Some(reason_of(dialog)), ActivitySource::Screen)
        }
        (None, Some(report)) => (report.activity, report.since, report.reason.clone(), ActivitySource::Report),
        (None, None) => return None,
    };
    // It may have been said by the process before, in the same words.
    let since = started.map_or(since, |started| since.max(started));
    let quiet_since = last_output.map(|output| output.max(since));
    let silent_since = quiet_since.filter(|quiet| state == Activity::Working && now.duration_since(*quiet) >= SILENT);
    Some(ActivitySnapshot {
        state: state.to_string(),
        since: text(since),
        waiting_for: (state == Activity::Waiting).then(|| WaitingFor::by(reason.as_deref())),
        reason,
        silent_since: silent_since.map(text),
        source,
        model: report.and_then(|report| report.model.clone()),
        task: report.and_then(|report| report.task.clone()),
    })
}

/// The reason for a dialog, by the name that its profile gives it.
fn reason_of(dialog: &str) -> String {
    match dialog {
        "API key" => "login: API key".to_owned(),
        known if WaitingFor::by(Some(known)) != WaitingFor::Other => known.to_owned(),
        other => format!("dialog: {other}"),
    }
}

fn text(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::{Signs, activity};
    use crate::snapshot::{ActivitySource, WaitingFor};
    use heartbeat::{Activity, ActivityReport};
    use jiff::Timestamp;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_020 + minute * 60).unwrap()
    }

    fn report(activity: Activity, reason: Option<&str>, since: i64) -> ActivityReport {
        ActivityReport {
            since: minute(since),
            said: None,
            activity,
            reason: reason.map(str::to_owned),
            model: Some("opus".to_owned()),
            task: None,
            message_id: None,
        }
    }

    #[test]
    fn a_dialog_is_a_wait_that_nobody_reported() {
        use Activity::{Idle, Waiting, Working};
        type Said<'a> = Option<(Activity, Option<&'a str>)>;
        type Expected<'a> = Option<(&'a str, Option<&'a str>, Option<WaitingFor>, ActivitySource)>;
        let (by_report, by_screen) = (ActivitySource::Report, ActivitySource::Screen);
        let table: [(Said<'_>, Option<&str>, Expected<'_>); 8] = [
            (None, None, None),
            (None, Some("trust"), Some(("waiting", Some("trust"), Some(WaitingFor::Trust), by_screen))),
            (None, Some("model"), Some(("waiting", Some("dialog: model"), Some(WaitingFor::Other), by_screen))),
            (None, Some("API key"), Some(("waiting", Some("login: API key"), Some(WaitingFor::Login), by_screen))),
            (
                Some((Working, None)),
                Some("permission"),
                Some(("waiting", Some("permission"), Some(WaitingFor::Permission), by_screen)),
            ),
            (
                Some((Waiting, Some("permission: Bash"))),
                Some("permission"),
                Some(("waiting", Some("permission: Bash"), Some(WaitingFor::Permission), by_report)),
            ),
            (Some((Working, None)), None, Some(("working", None, None, by_report))),
            (Some((Idle, None)), None, Some(("idle", None, None, by_report))),
        ];
        for (said, dialog, expected) in table {
            let report = said.map(|(activity, reason)| report(activity, reason, 5));
            let signs =
                Signs { report: report.as_ref(), dialog, last_output: None, started: Some(minute(0)), now: minute(9) };
            let seen = activity(signs);
            let told =
                seen.as_ref().map(|seen| (seen.state.as_str(), seen.reason.as_deref(), seen.waiting_for, seen.source));
            assert_eq!(told, expected, "{said:?} {dialog:?}");
        }
    }

    #[test]
    fn who_works_and_prints_nothing_for_half_an_hour_is_silent() {
        let silent = |state, since, output, now| {
            let report = report(state, None, since);
            let signs = Signs {
                report: Some(&report),
                dialog: None,
                last_output: Some(minute(output)),
                started: Some(minute(0)),
                now: minute(now),
            };
            activity(signs).unwrap().silent_since
        };
        assert_eq!(silent(Activity::Working, 5, 10, 40).as_deref(), Some("2026-11-18T11:17:00.000Z"));
        assert_eq!(silent(Activity::Working, 5, 11, 40), None);
        assert_eq!(silent(Activity::Working, 20, 10, 40), None, "it has only begun");
        assert_eq!(silent(Activity::Idle, 5, 10, 90), None);
        assert_eq!(silent(Activity::Waiting, 5, 10, 90), None);
    }

    #[test]
    fn nothing_is_older_than_the_process() {
        let since = |said: i64, started: i64| {
            let report = report(Activity::Idle, None, said);
            let signs = Signs {
                report: Some(&report),
                dialog: None,
                last_output: None,
                started: Some(minute(started)),
                now: minute(90),
            };
            activity(signs).unwrap().since
        };
        assert_eq!(since(5, 7), since(7, 0));
        assert_eq!(since(7, 5), since(7, 0));
    }
}
