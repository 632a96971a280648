//! The selection of collectors: a collector that fails or is not selected costs its own families only.

use mosaic_metrics::{Collector, Exposition, Format, Selection, write_out_of_time};
use mosaic_probe::Snapshot;
use mosaic_probe::snapshot::SourceName;

use crate::fixture::{BUILD, exposition, fleet, some};
use crate::parser::parse;

/// The families of each collector. All other families are always present.
const FAMILIES_BY_COLLECTOR: [(Collector, &[&str]); 7] = [
    (
        Collector::Roster,
        &[
            "mosaic_roster_agents",
            "mosaic_roster_last_load_success",
            "mosaic_roster_last_load_timestamp_seconds",
            "mosaic_agent_info",
            "mosaic_agent_memory_limit_bytes",
            "mosaic_agent_cpu_limit_cores",
            "mosaic_agent_tasks_limit",
        ],
    ),
    (
        Collector::Tmux,
        &["mosaic_holder_up", "mosaic_holder_start_time_seconds", "mosaic_agent_last_output_timestamp_seconds"],
    ),
    (Collector::Systemd, &["mosaic_linger_enabled", "mosaic_agent_unit_state", "mosaic_agent_unit_enabled"]),
    (
        Collector::Heartbeat,
        &[
            "mosaic_agent_heartbeat_timestamp_seconds",
            "mosaic_agent_heartbeat_interval_seconds",
            "mosaic_agent_starts_total",
            "mosaic_agent_last_exit_code",
            "mosaic_agent_last_exit_timestamp_seconds",
            "mosaic_agent_last_end_reason",
            "mosaic_agent_activity",
            "mosaic_agent_activity_timestamp_seconds",
            "mosaic_agent_waiting_for",
        ],
    ),
    (
        Collector::Process,
        &[
            "mosaic_agent_process_alive",
            "mosaic_agent_process_start_time_seconds",
            "mosaic_agent_memory_bytes",
            "mosaic_agent_cpu_seconds_total",
            "mosaic_agent_tasks",
            "mosaic_agent_oom_kills_total",
            "mosaic_agent_limits_enforced",
        ],
    ),
    (
        Collector::Outbox,
        &[
            "mosaic_agent_messages_undelivered",
            "mosaic_agent_oldest_message_timestamp_seconds",
            "mosaic_messages_failed",
        ],
    ),
    (
        Collector::Verdict,
        &[
            "mosaic_agent_condition",
            "mosaic_agent_condition_timestamp_seconds",
            "mosaic_drift_items",
            "mosaic_verify_passed",
        ],
    ),
];

fn families(snapshot: &Snapshot, selection: &Selection) -> Vec<String> {
    let mut out = String::new();
    Exposition { process: None, ..exposition(snapshot) }.write(selection, Format::Text, &mut out);
    parse(&out, Format::Text).into_iter().map(|block| block.name).collect()
}

/// All families but those of some collectors.
fn all_but(gone: &[Collector]) -> Vec<String> {
    let mut left = families(&fleet(), &Selection::ALL);
    let gone =
        FAMILIES_BY_COLLECTOR.iter().filter(|(collector, _)| gone.contains(collector)).flat_map(|(_, names)| *names);
    gone.for_each(|gone| left.retain(|name| name != gone));
    left
}

/// The lines of a family.
fn lines<'a>(text: &'a str, family: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(&format!("{family}{{"))).collect()
}

#[test]
fn an_unselected_collector_costs_its_own_families() {
    for (collector, names) in FAMILIES_BY_COLLECTOR {
        let without = Selection::parse(&[""; 0], &[collector.as_str()]).unwrap();
        assert_eq!(families(&fleet(), &without), all_but(&[collector]), "without {collector:?}");
        let others: Vec<_> = Collector::ALL.into_iter().filter(|other| *other != collector).collect();
        let mut only = all_but(&others);
        if collector.source().is_none() {
            // Without a source there is no success and no duration.
            only.retain(|name| !name.starts_with("mosaic_collector_"));
        }
        let alone = Selection::parse(&[collector.as_str()], &[""; 0]).unwrap();
        assert_eq!(families(&fleet(), &alone), only, "{collector:?} alone");
        assert!(names.iter().all(|name| only.iter().any(|family| family == name)), "{only:?}");
    }
}

#[test]
fn a_failed_source_costs_its_own_families() {
    for collector in [Collector::Tmux, Collector::Systemd, Collector::Heartbeat, Collector::Process] {
        let mut snapshot = fleet();
        let report = snapshot.sources.get_mut(&collector.source().unwrap()).unwrap();
        (report.ok, report.error) = (false, some("timed out"));
        if collector == Collector::Systemd {
            snapshot.agents.iter_mut().for_each(|agent| agent.unit = None);
        }
        assert_eq!(families(&snapshot, &Selection::ALL), all_but(&[collector]), "{collector:?} failed");
        let mut out = String::new();
        exposition(&snapshot).write(&Selection::ALL, Format::Text, &mut out);
        for line in lines(&out, "mosaic_collector_success") {
            let failed = line.contains(&format!("\"{}\"", collector.as_str()));
            assert_eq!(line.ends_with(" 0"), failed, "{line}");
        }
        // The labels of the other families do not change.
        let mut before = String::new();
        exposition(&fleet()).write(&Selection::ALL, Format::Text, &mut before);
        assert_eq!(lines(&out, "mosaic_agent_info"), lines(&before, "mosaic_agent_info"));
    }
}

#[test]
fn success_and_duration_are_exported_for_the_selected_collectors() {
    let selection = Selection::parse(&["tmux", "process", "verdict"], &[""; 0]).unwrap();
    let mut out = String::new();
    exposition(&fleet()).write(&selection, Format::Text, &mut out);
    let success =
        ["mosaic_collector_success{collector=\"tmux\"} 1", "mosaic_collector_success{collector=\"process\"} 1"];
    assert_eq!(lines(&out, "mosaic_collector_success"), success);
    let duration = [
        "mosaic_collector_duration_seconds{collector=\"tmux\"} 0.0051",
        "mosaic_collector_duration_seconds{collector=\"process\"} 0.012",
    ];
    assert_eq!(lines(&out, "mosaic_collector_duration_seconds"), duration);
    // A source that was not read counts as failed.
    let mut snapshot = fleet();
    snapshot.sources.remove(&SourceName::Tmux);
    let mut out = String::new();
    exposition(&snapshot).write(&selection, Format::Text, &mut out);
    assert_eq!(lines(&out, "mosaic_collector_success")[0], "mosaic_collector_success{collector=\"tmux\"} 0");
    assert_eq!(lines(&out, "mosaic_collector_duration_seconds"), duration[1..]);
}

#[test]
fn a_scrape_that_runs_out_of_time_exports_no_success() {
    for format in [Format::Text, Format::OpenMetrics] {
        let selection = Selection::ALL.without(Collector::Systemd);
        let mut out = String::new();
        write_out_of_time(BUILD, &selection, format, &mut out);
        let blocks = parse(&out, format);
        assert_eq!(blocks.len(), 2, "{out}");
        assert_eq!(lines(&out, "mosaic_build_info"), ["mosaic_build_info{version=\"0.1.0\",revision=\"4f2c1e9\"} 1"]);
        let failed = ["roster", "tmux", "heartbeat", "process"]
            .map(|collector| format!("mosaic_collector_success{{collector=\"{collector}\"}} 0"));
        assert_eq!(lines(&out, "mosaic_collector_success"), failed);
    }
}
