use std::time::Duration;

use jiff::Timestamp;

use super::{ActivityReport, line};
use crate::Activity::{self, Blocked, Idle, Waiting, Working};
use crate::Saying;
use crate::moment::{Moment, Uptime};

const BOOT: &str = "8f3c1b52-0000-4000-8000-000000000001";
const NEXT_BOOT: &str = "8f3c1b52-0000-4000-8000-000000000002";

#[test]
fn a_report_is_read_and_nonsense_is_not() {
    let text = "ts=2026-11-20T14:58:08+00:00\nboot=x\nmono=1.0\nactivity=waiting\nreason=permission: Bash\ntask=\n";
    let report: ActivityReport = text.parse().unwrap();
    assert_eq!((report.activity, report.reason.as_deref()), (Waiting, Some("permission: Bash")));
    assert_eq!((report.said, report.model, report.task), (None, None, None));
    for text in ["", "activity=idle\n", "ts=2026-11-20T14:58:08Z\nactivity=asleep\n", "ts=now\nactivity=idle\n"] {
        assert!(text.parse::<ActivityReport>().is_err(), "{text}");
    }
}

fn at(boot: &str, millis: u64) -> Moment {
    let uptime = Uptime {
        boot: boot.parse().unwrap(),
        monotonic: Duration::from_millis(millis),
        since_boot: Duration::from_millis(millis),
    };
    let millis = i64::try_from(millis).unwrap();
    Moment { wall: Timestamp::from_millisecond(1_795_000_000_000 + millis).unwrap(), uptime: Some(uptime) }
}

fn saying(activity: Activity, reason: &str) -> Saying {
    let reason = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
    Saying { activity, reason, model: None, task: None, message_id: None }
}

#[test]
fn what_is_written_is_what_is_read() {
    let all = Saying {
        model: Some("opus".to_owned()),
        task: Some("rebase".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..saying(Waiting, "permission: Bash")
    };
    for saying in [all, saying(Blocked, "")] {
        let report = ActivityReport::after(None, saying, at(BOOT, 12_345)).unwrap();
        assert_eq!(report.to_string().parse::<ActivityReport>().unwrap(), report);
    }
}

#[test]
fn since_is_when_it_began_and_what_is_left_out_stays() {
    let first = Saying {
        model: Some("opus".to_owned()),
        task: Some("rebase".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..saying(Working, "")
    };
    let first = ActivityReport::after(None, first, at(BOOT, 1_000)).unwrap();
    let again = ActivityReport::after(Some(&first), saying(Working, ""), at(BOOT, 2_000)).unwrap();
    assert_eq!((again.since, again.said), (first.since, at(BOOT, 2_000).uptime));
    assert_eq!((again.model.as_deref(), again.task.as_deref()), (Some("opus"), Some("rebase")));

    let waiting = ActivityReport::after(Some(&again), saying(Waiting, "question"), at(BOOT, 3_000)).unwrap();
    assert_eq!((waiting.since, waiting.task.as_deref()), (at(BOOT, 3_000).wall, Some("rebase")));
    let another = ActivityReport::after(Some(&waiting), saying(Waiting, "login"), at(BOOT, 4_000)).unwrap();
    assert_eq!(another.since, at(BOOT, 4_000).wall, "another reason is another wait");

    let idle = ActivityReport::after(Some(&another), saying(Idle, ""), at(BOOT, 5_000)).unwrap();
    assert_eq!((idle.task.as_deref(), idle.message_id.as_deref()), (None, Some("m-1")));
    let taken_back = Saying { model: Some(String::new()), ..saying(Idle, "") };
    assert_eq!(ActivityReport::after(Some(&idle), taken_back, at(BOOT, 6_000)).unwrap().model, None);

    let rebooted = ActivityReport::after(Some(&first), saying(Working, ""), at(NEXT_BOOT, 500)).unwrap();
    assert_eq!((rebooted.since, rebooted.model), (at(NEXT_BOOT, 500).wall, None));
}

#[test]
fn the_same_once_more_is_no_news_until_a_while_later() {
    let first = ActivityReport::after(None, saying(Working, ""), at(BOOT, 1_000)).unwrap();
    let said_at = |millis, saying| ActivityReport::after(Some(&first), saying, at(BOOT, millis)).is_some();
    assert!(!said_at(1_199, saying(Working, "")));
    assert!(said_at(1_200, saying(Working, "")));
    assert!(said_at(1_001, saying(Idle, "")));
    assert!(said_at(1_001, saying(Working, "x")));
    assert!(said_at(1_001, Saying { message_id: Some("m".to_owned()), ..saying(Working, "") }));
}

#[test]
fn whatever_is_told_is_one_line() {
    assert_eq!(line(" a\nactivity=idle\r\n\tb\x1b[31m "), "a activity=idle b [31m");
    assert_eq!(line(&"é".repeat(300)), format!("{}…", "é".repeat(200)));
    let longest = Saying {
        model: Some("é".repeat(999)),
        task: Some("é".repeat(999)),
        message_id: Some("é".repeat(999)),
        ..saying(Waiting, &"é".repeat(999))
    };
    let report = ActivityReport::after(None, longest, at(BOOT, 1)).unwrap();
    assert!(report.to_string().len() < crate::MAX_BYTES);
}
