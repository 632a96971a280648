//! Judges what an agent does, by its own report, and by what its program's status file or its screen shows.

use jiff::{SignedDuration, Timestamp};
use mosaic_heartbeat::{Activity, ActivityReport};
use mosaic_runtimes::ScreenSign;

use crate::observe::ObservedSign;
use crate::snapshot::{ActivitySnapshot, ActivitySource, WaitingFor};

/// Longer than a build or a test run that prints nothing. The alert `MosaicAgentSilent` uses the same limit.
const SILENT: SignedDuration = SignedDuration::from_mins(30);

/// What is known about the activity of an agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActivityEvidence<'a> {
    /// The agent's last report.
    pub(crate) report: Option<&'a ActivityReport>,
    /// What its program's status file or its screen shows.
    pub(crate) sign: Option<&'a ObservedSign>,
    /// When its window last printed output.
    pub(crate) last_output: Option<Timestamp>,
    /// When the current process started, by the wall clock.
    pub(crate) started: Option<Timestamp>,
    /// The current time.
    pub(crate) now: Timestamp,
}

/// Judges the activity; `None` if neither the agent nor a sign shows one. The report has to be the current process's.
pub(crate) fn judge_activity(evidence: ActivityEvidence<'_>) -> Option<ActivitySnapshot> {
    let ActivityEvidence { report, sign, last_output, started, now } = evidence;
    let shown = sign.and_then(|seen| Some((seen, activity_of_sign(report, &seen.sign)?)));
    let (state, since, reason, source) = match (shown, report) {
        (Some((seen, (state, reason))), report) => {
            let since = Timestamp::from_second(seen.since).ok();
            let since = since.or(report.map(|report| report.since)).unwrap_or(now);
            (state, since, reason, seen.source)
        }
        (None, Some(report)) => (report.activity, report.since, report.reason.clone(), ActivitySource::Report),
        (None, None) => return None,
    };
    // The previous process may have made the same report.
    let since = started.map_or(since, |started| since.max(started));
    let quiet_since = last_output.map(|output| output.max(since));
    let silent_since = quiet_since.filter(|quiet| state == Activity::Working && now.duration_since(*quiet) >= SILENT);
    Some(ActivitySnapshot {
        state,
        since: truncate_to_milliseconds(since),
        waiting_for: (state == Activity::Waiting).then(|| WaitingFor::from_reason(reason.as_deref())),
        reason,
        silent_since: silent_since.map(truncate_to_milliseconds),
        source,
        model: report.and_then(|report| report.model.clone()),
        task: report.and_then(|report| report.task.clone()),
    })
}

/// The activity and reason that a sign shows, where they are better than the report.
fn activity_of_sign(report: Option<&ActivityReport>, sign: &ScreenSign) -> Option<(Activity, Option<String>)> {
    let reported = report.map(|report| report.activity);
    match (sign, reported) {
        // A reported wait has the better reason.
        (ScreenSign::Dialog(_), Some(Activity::Waiting)) => None,
        (ScreenSign::Dialog(name), _) => Some((Activity::Waiting, Some(dialog_reason(name)))),
        // Few agents report that a person has answered, and none that a person has refused.
        (sign, Some(Activity::Waiting)) => {
            let reason = report.and_then(|report| report.reason.as_deref());
            let is_answered = matches!(WaitingFor::from_reason(reason), WaitingFor::Permission | WaitingFor::Question);
            is_answered.then(|| (activity_without_dialog(sign), None))
        }
        // No agent reports an interruption. Work with a reason, such as subagents, continues while the composer is shown.
        (ScreenSign::Ready, Some(Activity::Working)) if report.is_some_and(|report| report.reason.is_none()) => {
            Some((Activity::Idle, None))
        }
        // Something other than a person, such as a hook, made it continue.
        (ScreenSign::Busy, Some(Activity::Idle)) => Some((Activity::Working, None)),
        (sign, None) => Some((activity_without_dialog(sign), None)),
        (ScreenSign::Busy | ScreenSign::Ready, Some(_)) => None,
    }
}

/// The activity that a sign means on its own.
fn activity_without_dialog(sign: &ScreenSign) -> Activity {
    match sign {
        ScreenSign::Busy => Activity::Working,
        ScreenSign::Ready => Activity::Idle,
        ScreenSign::Dialog(_) => Activity::Waiting,
    }
}

/// The reason for waiting on a dialog, by the name that the runtime's profile gives it.
fn dialog_reason(dialog: &str) -> String {
    match dialog {
        "API key" => "login: API key".to_owned(),
        // The words of a program that does not say which one.
        "dialog open" => "dialog".to_owned(),
        known if WaitingFor::from_reason(Some(known)) != WaitingFor::Other => known.to_owned(),
        other => format!("dialog: {other}"),
    }
}

fn truncate_to_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::{ActivityEvidence, judge_activity};
    use crate::observe::ObservedSign;
    use crate::snapshot::ActivitySource;
    use jiff::Timestamp;
    use mosaic_heartbeat::{Activity, ActivityReport};
    use mosaic_runtimes::ScreenSign;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_020 + minute * 60).unwrap()
    }

    fn report(activity: Activity, reason: Option<&str>, since: i64) -> ActivityReport {
        ActivityReport {
            since: minute(since),
            reported_at: None,
            activity,
            reason: reason.map(str::to_owned),
            model: Some("opus".to_owned()),
            task: None,
            message_id: None,
        }
    }

    #[test]
    fn the_screen_shows_what_was_not_reported() {
        use Activity::{Blocked, Idle, Waiting, Working};
        type Reported<'a> = Option<(Activity, &'a str)>;
        let dialog = |name: &str| Some(ScreenSign::Dialog(name.to_owned()));
        let table: [(Reported<'_>, Option<ScreenSign>, &str); 23] = [
            (None, None, "-"),
            (None, dialog("trust"), "waiting trust, Trust, Screen"),
            (None, dialog("model"), "waiting dialog: model, Other, Screen"),
            (None, dialog("API key"), "waiting login: API key, Login, Screen"),
            (None, dialog("dialog open"), "waiting dialog, Other, Screen"),
            (None, Some(ScreenSign::Busy), "working Screen"),
            (None, Some(ScreenSign::Ready), "idle Screen"),
            (Some((Working, "")), None, "working Report"),
            (Some((Working, "")), dialog("permission"), "waiting permission, Permission, Screen"),
            (Some((Working, "")), Some(ScreenSign::Busy), "working Report"),
            (Some((Working, "")), Some(ScreenSign::Ready), "idle Screen"),
            (Some((Waiting, "permission: Bash")), None, "waiting permission: Bash, Permission, Report"),
            (Some((Waiting, "permission: Bash")), dialog("permission"), "waiting permission: Bash, Permission, Report"),
            (Some((Waiting, "permission: Bash")), Some(ScreenSign::Busy), "working Screen"),
            (Some((Waiting, "question: which?")), Some(ScreenSign::Busy), "working Screen"),
            (Some((Waiting, "permission: Bash")), Some(ScreenSign::Ready), "idle Screen"),
            (Some((Waiting, "login: 401")), Some(ScreenSign::Ready), "waiting login: 401, Login, Report"),
            (
                Some((Waiting, "usage limit: 5h")),
                Some(ScreenSign::Ready),
                "waiting usage limit: 5h, UsageLimit, Report",
            ),
            (Some((Waiting, "deploy")), Some(ScreenSign::Busy), "waiting deploy, Other, Report"),
            (Some((Idle, "")), None, "idle Report"),
            (Some((Idle, "")), Some(ScreenSign::Busy), "working Screen"),
            (Some((Working, "subagents")), Some(ScreenSign::Ready), "working subagents, Report"),
            (Some((Blocked, "529")), Some(ScreenSign::Ready), "blocked 529, Report"),
        ];
        for (reported, sign, expected) in table {
            let report = reported
                .map(|(activity, reason)| report(activity, Some(reason).filter(|reason| !reason.is_empty()), 5));
            let source = ActivitySource::Screen;
            let sign = sign.clone().map(|sign| ObservedSign { sign, since: minute(7).as_second(), source });
            let (report, sign) = (report.as_ref(), sign.as_ref());
            let judged = judge_activity(ActivityEvidence {
                report,
                sign,
                last_output: None,
                started: Some(minute(0)),
                now: minute(9),
            });
            let text = judged.map_or_else(
                || "-".to_owned(),
                |activity| {
                    let reason = activity.reason.map_or_else(String::new, |reason| format!("{reason}, "));
                    let needs = activity.waiting_for.map_or_else(String::new, |needs| format!("{needs:?}, "));
                    format!("{} {reason}{needs}{:?}", activity.state, activity.source)
                },
            );
            assert_eq!(text, expected, "{reported:?} {sign:?}");
        }
    }

    #[test]
    fn a_working_agent_that_prints_nothing_for_half_an_hour_is_silent() {
        let silent = |state, since, output, now| {
            let report = report(state, None, since);
            let evidence = ActivityEvidence {
                report: Some(&report),
                sign: None,
                last_output: Some(minute(output)),
                started: Some(minute(0)),
                now: minute(now),
            };
            judge_activity(evidence).unwrap().silent_since
        };
        assert_eq!(silent(Activity::Working, 5, 10, 40), Some(minute(10)));
        assert_eq!(silent(Activity::Working, 5, 11, 40), None);
        assert_eq!(silent(Activity::Working, 20, 10, 40), None, "the work has only begun");
        assert_eq!(silent(Activity::Idle, 5, 10, 90), None);
        assert_eq!(silent(Activity::Waiting, 5, 10, 90), None);
    }

    #[test]
    fn an_activity_does_not_begin_before_the_process() {
        let since = |reported: i64, started: i64| {
            let report = report(Activity::Idle, None, reported);
            let evidence = ActivityEvidence {
                report: Some(&report),
                sign: None,
                last_output: None,
                started: Some(minute(started)),
                now: minute(90),
            };
            judge_activity(evidence).unwrap().since
        };
        assert_eq!(since(5, 7), since(7, 0));
        assert_eq!(since(7, 5), since(7, 0));
    }
}
