//! What an agent does: by its own word, or by what its screen shows.

use jiff::{SignedDuration, Timestamp};
use mosaic_heartbeat::{Activity, ActivityReport};
use mosaic_runtimes::ScreenSign;

use crate::observe::ScreenSays;
use crate::snapshot::{ActivitySnapshot, ActivitySource, WaitingFor};

/// Longer than a build or a test run that prints nothing. The alert `MosaicAgentSilent` goes by the same.
const SILENT: SignedDuration = SignedDuration::from_mins(30);

/// What is known of an agent's doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs<'a> {
    /// The last report that was made.
    pub(crate) report: Option<&'a ActivityReport>,
    /// What its screen says.
    pub(crate) screen: Option<&'a ScreenSays>,
    /// When its window printed last.
    pub(crate) last_output: Option<Timestamp>,
    /// When the process that runs now started, by the wall clock.
    pub(crate) started: Option<Timestamp>,
    /// The clock.
    pub(crate) now: Timestamp,
}

/// What it does; `None` if neither it nor its screen says. The report is one of the process that runs.
pub(crate) fn activity(signs: Signs<'_>) -> Option<ActivitySnapshot> {
    let Signs { report, screen, last_output, started, now } = signs;
    let (state, since, reason, source) = match (seen(report, screen.map(|screen| &screen.sign)), report) {
        (Some((state, reason)), report) => {
            let since = screen.and_then(|screen| Timestamp::from_second(screen.since).ok());
            let since = since.or(report.map(|report| report.since)).unwrap_or(now);
            (state, since, reason, ActivitySource::Screen)
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

/// What its screen says better than its report.
fn seen(report: Option<&ActivityReport>, sign: Option<&ScreenSign>) -> Option<(Activity, Option<String>)> {
    let said = report.map(|report| report.activity);
    match (sign?, said) {
        // A wait that was reported has the better reason.
        (ScreenSign::Dialog(_), Some(Activity::Waiting)) => None,
        (ScreenSign::Dialog(name), _) => Some((Activity::Waiting, Some(reason_of(name)))),
        // That a person has answered is reported by few, and that one has refused by none.
        (sign, Some(Activity::Waiting)) => {
            let of = report.and_then(|report| report.reason.as_deref());
            let is_answered = matches!(WaitingFor::by(of), WaitingFor::Permission | WaitingFor::Question);
            is_answered.then(|| (by(sign), None))
        }
        // Nor is that one has interrupted. Work that has a reason, subagents say, goes on behind the composer.
        (ScreenSign::Ready, Some(Activity::Working)) if report.is_some_and(|report| report.reason.is_none()) => {
            Some((Activity::Idle, None))
        }
        // Somebody else's hook, say, made it go on.
        (ScreenSign::Busy, Some(Activity::Idle)) => Some((Activity::Working, None)),
        (sign, None) => Some((by(sign), None)),
        (ScreenSign::Busy | ScreenSign::Ready, Some(_)) => None,
    }
}

/// What one does without a dialog.
fn by(sign: &ScreenSign) -> Activity {
    match sign {
        ScreenSign::Busy => Activity::Working,
        ScreenSign::Ready => Activity::Idle,
        ScreenSign::Dialog(_) => Activity::Waiting,
    }
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
    use crate::observe::ScreenSays;
    use jiff::Timestamp;
    use mosaic_heartbeat::{Activity, ActivityReport};
    use mosaic_runtimes::ScreenSign;

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
    fn a_screen_tells_what_nobody_reported() {
        use Activity::{Blocked, Idle, Waiting, Working};
        type Said<'a> = Option<(Activity, &'a str)>;
        let dialog = |name: &str| Some(ScreenSign::Dialog(name.to_owned()));
        let table: [(Said<'_>, Option<ScreenSign>, &str); 22] = [
            (None, None, "-"),
            (None, dialog("trust"), "waiting trust, Trust, Screen"),
            (None, dialog("model"), "waiting dialog: model, Other, Screen"),
            (None, dialog("API key"), "waiting login: API key, Login, Screen"),
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
            (Some((Waiting, "usage limit: 5h")), Some(ScreenSign::Ready), "waiting usage limit: 5h, UsageLimit, Report"),
            (Some((Waiting, "deploy")), Some(ScreenSign::Busy), "waiting deploy, Other, Report"),
            (Some((Idle, "")), None, "idle Report"),
            (Some((Idle, "")), Some(ScreenSign::Busy), "working Screen"),
            (Some((Working, "subagents")), Some(ScreenSign::Ready), "working subagents, Report"),
            (Some((Blocked, "529")), Some(ScreenSign::Ready), "blocked 529, Report"),
        ];
        for (said, sign, expected) in table {
            let report =
                said.map(|(activity, reason)| report(activity, Some(reason).filter(|reason| !reason.is_empty()), 5));
            let screen = sign.clone().map(|sign| ScreenSays { sign, since: minute(7).as_second() });
            let (report, screen) = (report.as_ref(), screen.as_ref());
            let seen = activity(Signs { report, screen, last_output: None, started: Some(minute(0)), now: minute(9) });
            let told = seen.map_or_else(
                || "-".to_owned(),
                |seen| {
                    let reason = seen.reason.map_or_else(String::new, |reason| format!("{reason}, "));
                    let needs = seen.waiting_for.map_or_else(String::new, |needs| format!("{needs:?}, "));
                    format!("{} {reason}{needs}{:?}", seen.state, seen.source)
                },
            );
            assert_eq!(told, expected, "{said:?} {sign:?}");
        }
    }

    #[test]
    fn who_works_and_prints_nothing_for_half_an_hour_is_silent() {
        let silent = |state, since, output, now| {
            let report = report(state, None, since);
            let signs = Signs {
                report: Some(&report),
                screen: None,
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
                screen: None,
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
