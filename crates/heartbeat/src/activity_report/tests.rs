use std::time::Duration;

use jiff::Timestamp;

use super::{ActivityReport, ActivityUpdate, ClockReading, Uptime, single_line};
use crate::Activity::{self, Blocked, Idle, Waiting, Working};

const BOOT: &str = "8f3c1b52-0000-4000-8000-000000000001";
const NEXT_BOOT: &str = "8f3c1b52-0000-4000-8000-000000000002";

#[test]
fn reports_are_parsed_and_invalid_ones_rejected() {
    let text = "ts=2026-11-20T14:58:08+00:00\nboot=x\nmono=1.0\nactivity=waiting\nreason=permission: Bash\ntask=\n";
    let report: ActivityReport = text.parse().unwrap();
    assert_eq!((report.activity, report.reason.as_deref()), (Waiting, Some("permission: Bash")));
    assert_eq!((report.reported_at, report.model, report.task), (None, None, None));
    for text in ["", "activity=idle\n", "ts=2026-11-20T14:58:08Z\nactivity=asleep\n", "ts=now\nactivity=idle\n"] {
        assert!(text.parse::<ActivityReport>().is_err(), "{text}");
    }
}

fn at(boot: &str, millis: u64) -> ClockReading {
    let uptime = Uptime {
        boot: boot.parse().unwrap(),
        monotonic: Duration::from_millis(millis),
        since_boot: Duration::from_millis(millis),
    };
    let millis = i64::try_from(millis).unwrap();
    ClockReading { wall: Timestamp::from_millisecond(1_795_000_000_000 + millis).unwrap(), uptime: Some(uptime) }
}

fn update(activity: Activity, reason: &str) -> ActivityUpdate {
    let reason = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
    ActivityUpdate { activity, reason, model: None, task: None, message_id: None }
}

#[test]
fn reports_round_trip_through_their_text() {
    let all = ActivityUpdate {
        model: Some("opus".to_owned()),
        task: Some("rebase".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..update(Waiting, "permission: Bash")
    };
    for update in [all, update(Blocked, "")] {
        let report = ActivityReport::next(None, update, at(BOOT, 12_345)).unwrap();
        assert_eq!(report.to_string().parse::<ActivityReport>().unwrap(), report);
    }
}

#[test]
fn an_update_keeps_the_start_time_and_the_fields_that_it_omits() {
    let first = ActivityUpdate {
        model: Some("opus".to_owned()),
        task: Some("rebase".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..update(Working, "")
    };
    let first = ActivityReport::next(None, first, at(BOOT, 1_000)).unwrap();
    let again = ActivityReport::next(Some(&first), update(Working, ""), at(BOOT, 2_000)).unwrap();
    assert_eq!((again.since, again.reported_at), (first.since, at(BOOT, 2_000).uptime));
    assert_eq!((again.model.as_deref(), again.task.as_deref()), (Some("opus"), Some("rebase")));

    let waiting = ActivityReport::next(Some(&again), update(Waiting, "question"), at(BOOT, 3_000)).unwrap();
    assert_eq!((waiting.since, waiting.task.as_deref()), (at(BOOT, 3_000).wall, Some("rebase")));
    let another = ActivityReport::next(Some(&waiting), update(Waiting, "login"), at(BOOT, 4_000)).unwrap();
    assert_eq!(another.since, at(BOOT, 4_000).wall, "another reason begins another wait");

    let idle = ActivityReport::next(Some(&another), update(Idle, ""), at(BOOT, 5_000)).unwrap();
    assert_eq!((idle.task.as_deref(), idle.message_id.as_deref()), (None, Some("m-1")));
    let cleared = ActivityUpdate { model: Some(String::new()), ..update(Idle, "") };
    assert_eq!(ActivityReport::next(Some(&idle), cleared, at(BOOT, 6_000)).unwrap().model, None);

    let rebooted = ActivityReport::next(Some(&first), update(Working, ""), at(NEXT_BOOT, 500)).unwrap();
    assert_eq!((rebooted.since, rebooted.model), (at(NEXT_BOOT, 500).wall, None));
}

#[test]
fn an_unchanged_update_is_due_only_after_a_while() {
    let first = ActivityReport::next(None, update(Working, ""), at(BOOT, 1_000)).unwrap();
    let is_due_at = |millis, update| ActivityReport::next(Some(&first), update, at(BOOT, millis)).is_some();
    assert!(!is_due_at(1_199, update(Working, "")));
    assert!(is_due_at(1_200, update(Working, "")));
    assert!(is_due_at(1_001, update(Idle, "")));
    assert!(is_due_at(1_001, update(Working, "x")));
    assert!(is_due_at(1_001, ActivityUpdate { message_id: Some("m".to_owned()), ..update(Working, "") }));
}

#[test]
fn texts_become_single_short_lines() {
    assert_eq!(single_line(" a\nactivity=idle\r\n\tb\x1b[31m "), "a activity=idle b [31m");
    assert_eq!(single_line(&"é".repeat(300)), format!("{}…", "é".repeat(200)));
    let longest = ActivityUpdate {
        model: Some("é".repeat(999)),
        task: Some("é".repeat(999)),
        message_id: Some("é".repeat(999)),
        ..update(Waiting, &"é".repeat(999))
    };
    let report = ActivityReport::next(None, longest, at(BOOT, 1)).unwrap();
    assert!(report.to_string().len() < crate::MAX_BYTES);
}
