//! The values of samples. An unknown value has no sample, because a 0 would be a statement.

use mosaic_metrics::{Format, Selection, States};
use mosaic_probe::Snapshot;
use mosaic_probe::snapshot::{DriftKind, HolderSnapshot, RosterSnapshot, SourceName, WaitingFor};

use crate::fixture::{exposition, fleet, some, written};
use crate::parser::{Sample, parse};

fn samples(snapshot: &Snapshot) -> Vec<Sample> {
    let blocks = parse(&written(snapshot, Format::Text), Format::Text);
    blocks.into_iter().flat_map(|block| block.samples).collect()
}

/// The samples of a family, each as the values of its labels and its value.
fn values(samples: &[Sample], name: &str) -> Vec<String> {
    let line = |sample: &Sample| {
        let labels: Vec<&str> = sample.labels.iter().map(|(_, value)| value.as_str()).collect();
        [&labels[..], &[sample.value.as_str()]].concat().join(" ")
    };
    samples.iter().filter(|sample| sample.name == name).map(line).collect()
}

fn fail(snapshot: &mut Snapshot, source: SourceName) {
    let report = snapshot.sources.get_mut(&source).unwrap();
    (report.ok, report.error) = (false, some("timed out"));
}

#[test]
fn known_facts_have_samples_and_unknown_facts_have_none() {
    let samples = samples(&fleet());
    let table: [(&str, &[&str]); 24] = [
        ("mosaic_agent_heartbeat_timestamp_seconds", &["coder0 1795175996.877", "coder1 1795175995"]),
        ("mosaic_agent_heartbeat_interval_seconds", &["coder0 15", "coder1 15"]),
        ("mosaic_agent_starts_total", &["coder0 3", "coder1 1"]),
        // An exit code, and 128 plus the number of a signal.
        ("mosaic_agent_last_exit_code", &["coder0 7", "coder1 137"]),
        ("mosaic_agent_last_exit_timestamp_seconds", &["coder0 1795161598", "coder1 1795175995"]),
        ("mosaic_agent_activity_timestamp_seconds", &["coder0 1795175400.987"]),
        ("mosaic_agent_process_alive", &["coder0 1", "coder1 0"]),
        ("mosaic_agent_process_start_time_seconds", &["coder0 1795161600", "coder1 1795161600"]),
        ("mosaic_agent_last_output_timestamp_seconds", &["coder0 1795175988", "coder1 1795175988"]),
        ("mosaic_agent_unit_enabled", &["coder0 1", "coder1 0"]),
        ("mosaic_agent_memory_bytes", &["coder0 1288490188"]),
        ("mosaic_agent_cpu_seconds_total", &["coder0 192.4"]),
        ("mosaic_agent_tasks", &["coder0 14"]),
        ("mosaic_agent_oom_kills_total", &["coder0 1"]),
        // The other agents have no limits.
        ("mosaic_agent_memory_limit_bytes", &["coder0 2147483648"]),
        ("mosaic_agent_cpu_limit_cores", &["coder0 1.5"]),
        ("mosaic_agent_tasks_limit", &["coder0 512"]),
        ("mosaic_agent_limits_enforced", &["coder0 1"]),
        // The third agent was never started.
        ("mosaic_agent_last_end_reason", &["coder0 error 1", "coder1 signal 1"]),
        ("mosaic_agent_condition_timestamp_seconds", &["coder0 1795161600", "coder1 1795175995"]),
        // The messages of the third agent could not be read.
        ("mosaic_agent_messages_undelivered", &["coder0 2", "coder1 0"]),
        ("mosaic_agent_oldest_message_timestamp_seconds", &["coder0 1795175100.25"]),
        ("mosaic_messages_failed", &["refused 1", "expired 0", "unconfirmed 3"]),
        ("mosaic_verify_passed", &["0"]),
    ];
    for (name, expected) in table {
        assert_eq!(values(&samples, name), expected, "{name}");
    }
}

#[test]
fn a_state_set_has_every_state_and_at_most_one_is_1() {
    let samples = samples(&fleet());
    let table: [(&str, usize, &[&str]); 2] = [
        ("mosaic_agent_condition", 7, &["coder0 up 1", "coder1 dead 1", "rev0 missing 1"]),
        ("mosaic_agent_activity", 5, &["coder0 waiting 1", "coder1 unreported 1", "rev0 unreported 1"]),
    ];
    for (name, words, expected) in table {
        let all = values(&samples, name);
        assert_eq!(all.len(), 3 * words, "{all:?}");
        let (ones, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|line| line.ends_with(" 1"));
        assert_eq!(ones, expected);
        assert!(others.iter().all(|line| line.ends_with(" 0")), "{others:?}");
    }
}

#[test]
fn only_the_current_reason_and_the_current_unit_state_have_samples() {
    let samples = samples(&fleet());
    // Only one agent waits, and the unit state of the third one is unknown.
    assert_eq!(values(&samples, "mosaic_agent_waiting_for"), ["coder0 permission 1"]);
    assert_eq!(values(&samples, "mosaic_agent_unit_state"), ["coder0 active 1", "coder1 failed 1"]);
}

#[test]
fn every_end_has_a_reason() {
    let table = [
        ("code:0", "completed"),
        ("code:7", "error"),
        ("signal:9", "signal"),
        ("unknown", "unknown"),
        ("lost", "lost"),
        ("stopped", "stopped"),
        ("not-started", "not_started"),
    ];
    for (verdict, expected) in table {
        let mut snapshot = fleet();
        snapshot.agents[0].last_end.as_mut().unwrap().verdict = verdict.parse().unwrap();
        let reasons = values(&samples(&snapshot), "mosaic_agent_last_end_reason");
        assert_eq!(reasons[0], format!("coder0 {expected} 1"), "{verdict}");
    }
}

/// All samples but the zeros of state sets.
#[test]
fn only_the_current_states_are_written_for_a_scraper_that_asks_for_them() {
    let snapshot = fleet();
    let mut text = String::new();
    let selection = Selection::ALL.with_states(States::Current);
    exposition(&snapshot).write(&selection, Format::Text, &mut text);
    let current: Vec<_> = parse(&text, Format::Text).into_iter().flat_map(|block| block.samples).collect();
    let sets = ["mosaic_agent_condition", "mosaic_agent_activity"];
    let mut expected = samples(&snapshot);
    expected.retain(|sample| !sets.contains(&sample.name.as_str()) || sample.value == "1");
    assert_eq!(current, expected);
}

#[test]
fn an_agent_without_an_activity_is_unreported() {
    let mut snapshot = fleet();
    snapshot.agents[0].activity = None;
    let activities = values(&samples(&snapshot), "mosaic_agent_activity");
    assert!(activities.contains(&"coder0 unreported 1".to_owned()), "{activities:?}");
}

#[test]
fn every_reason_to_wait_has_a_label_value() {
    let table = [
        ("permission: Bash", "permission"),
        ("question: which branch?", "question"),
        ("trust", "trust"),
        ("login: 401", "login"),
        ("usage limit, until 3 pm", "usage_limit"),
        ("dialog: model", "other"),
    ];
    for (reason, expected) in table {
        let mut snapshot = fleet();
        let activity = snapshot.agents[0].activity.as_mut().unwrap();
        activity.waiting_for = Some(WaitingFor::from_reason(Some(reason)));
        let words = values(&samples(&snapshot), "mosaic_agent_waiting_for");
        assert_eq!(words, [format!("coder0 {expected} 1")], "{reason}");
    }
}

#[test]
fn every_kind_of_drift_is_counted_even_if_zero() {
    let drift = values(&samples(&fleet()), "mosaic_drift_items");
    assert_eq!(drift.len(), DriftKind::ALL.len());
    for expected in ["pane-dead 1", "session-missing 1", "unmanaged-session 2", "linger-off 0"] {
        assert!(drift.contains(&expected.to_owned()), "{drift:?}");
    }
}

#[test]
fn unknown_facts_of_the_fleet_have_no_samples() {
    let mut snapshot = fleet();
    snapshot.linger = None;
    snapshot.holder = HolderSnapshot { up: Some(false), ..HolderSnapshot::default() };
    snapshot.roster = RosterSnapshot::default();
    snapshot.agents.clear();
    fail(&mut snapshot, SourceName::Roster);
    let samples = samples(&snapshot);
    assert_eq!(values(&samples, "mosaic_holder_up"), ["0"]);
    assert_eq!(values(&samples, "mosaic_roster_last_load_success"), ["0"]);
    for absent in [
        "mosaic_linger_enabled",
        "mosaic_holder_start_time_seconds",
        "mosaic_roster_agents",
        "mosaic_roster_last_load_timestamp_seconds",
        "mosaic_drift_items",
        "mosaic_agent_info",
        "mosaic_agent_condition",
    ] {
        assert_eq!(values(&samples, absent), [""; 0], "{absent}");
    }
    let mut unverified = String::new();
    let exposition = mosaic_metrics::Exposition { verified: None, process: None, ..exposition(&snapshot) };
    exposition.write(&Selection::ALL, Format::Text, &mut unverified);
    assert!(!unverified.contains("mosaic_verify_passed") && !unverified.contains("\nprocess_"), "{unverified}");
}

#[test]
fn an_invalid_roster_keeps_the_samples_of_the_last_valid_one() {
    let mut snapshot = fleet();
    fail(&mut snapshot, SourceName::Roster);
    let (before, after) = (samples(&fleet()), samples(&snapshot));
    for (name, expected) in [("mosaic_roster_last_load_success", "0"), ("mosaic_collector_success", "roster 0")] {
        assert_eq!(values(&after, name)[0], expected);
    }
    let others = |samples: Vec<Sample>| {
        let changed = ["mosaic_roster_last_load_success", "mosaic_collector_success"];
        samples.into_iter().filter(|sample| !changed.contains(&sample.name.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(others(after), others(before));
}
