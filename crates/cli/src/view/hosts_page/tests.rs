//! Hosts in every state, laid out.

use super::hosts_page;
use crate::view::{Style, render};
use mosaic_probe::snapshot::{Condition, WaitingFor};
use mosaic_prometheus::{DriftCount, HostSnapshot, HostsSnapshot, RemoteActivity, RemoteAgent, RemoteSource};

fn agent(name: &str, condition: Condition, activity: Option<(&str, f64)>) -> RemoteAgent {
    let known = condition != Condition::Unknown;
    RemoteAgent {
        name: name.to_owned(),
        runtime: Some("codex".to_owned()),
        class: Some("implementer".to_owned()),
        condition,
        activity: activity.map(|(text, since)| {
            let (state, reason) = text.split_once(": ").map_or((text, None), |(state, reason)| (state, Some(reason)));
            let waiting_for = reason.map(|reason| WaitingFor::from_reason(Some(reason)));
            RemoteActivity { state: state.to_owned(), for_seconds: Some(since), waiting_for }
        }),
        heartbeat_age_seconds: known.then_some(3.12),
        last_output_age_seconds: known.then_some(12.0),
        starts: known.then_some(3),
        memory_bytes: known.then_some(1_288_490_188),
        cpu_seconds: known.then_some(192.4),
    }
}

fn host(host: &str, up: Option<bool>, current: bool, age: Option<f64>, agents: Vec<RemoteAgent>) -> HostSnapshot {
    HostSnapshot {
        instance: format!("{host}.example:27871"),
        job: "mosaic-fleet".to_owned(),
        host: age.map(|_| host.to_owned()),
        tenant: age.map(|_| "jarvis".to_owned()),
        up,
        current,
        sample_age_seconds: age,
        agents,
        ..HostSnapshot::default()
    }
}

fn hosts() -> HostsSnapshot {
    let unknown = vec![agent("coder0", Condition::Unknown, None), agent("coder1", Condition::Unknown, None)];
    let mut faulty = host(
        "w1",
        Some(true),
        true,
        Some(12.0),
        vec![
            agent("coder1", Condition::Dead, Some(("working", 4000.0))),
            agent("a-rather-long-name", Condition::Up, Some(("waiting: usage limit", 2410.0))),
            agent("coder2", Condition::Up, Some(("waiting: dialog", 60.0))),
            RemoteAgent {
                last_output_age_seconds: Some(2000.0),
                ..agent("coder3", Condition::Up, Some(("working", 4000.0)))
            },
            agent("coder0", Condition::Up, None),
        ],
    );
    let drift = |kind: &str, count| DriftCount { kind: kind.to_owned(), count };
    faulty.drift = vec![drift("pane-dead", 1), drift("unit-disabled", 2)];
    faulty.verified = Some(false);
    faulty.sources =
        [("systemd".to_owned(), RemoteSource { ok: false }), ("tmux".to_owned(), RemoteSource { ok: true })].into();
    HostsSnapshot {
        schema: 1,
        prometheus: "https://mimir.example/prometheus".to_owned(),
        observed_at: "2026-11-20T14:58:08Z".to_owned(),
        hosts: vec![
            host("w3", Some(false), false, Some(2410.0), unknown.clone()),
            host("w4", Some(false), false, None, Vec::new()),
            host("w5", Some(true), false, Some(400.0), unknown),
            faulty,
            host("w2", None, true, Some(4.0), vec![agent("rev0", Condition::Up, Some(("idle", 9.0)))]),
        ],
    }
}

fn page(columns: usize) -> String {
    let style = Style { columns, color: false, ascii: false };
    render(&hosts_page(&hosts(), &style), &style)
}

#[test]
fn the_page_fits_terminals_of_every_width() {
    for columns in [40, 80, 120] {
        insta::assert_snapshot!(format!("hosts_{columns}"), page(columns));
    }
    for columns in 40..200 {
        let style = Style { columns, color: false, ascii: false };
        for line in hosts_page(&hosts(), &style) {
            assert!(line.width() <= columns, "{columns}: {}", line.render(false));
        }
    }
}

#[test]
fn hosts_without_current_samples_are_labeled_and_not_counted_as_up() {
    let page = page(usize::MAX);
    assert!(page.contains("5 of 10 up"), "{page}");
    let line = |host: &str| page.lines().find(|line| line.contains(host)).unwrap().to_owned();
    assert!(line("w3.example").contains("exporter down, seen 40m10s ago") && !line("w3.example").contains(" up"));
    assert!(line("w4.example").contains("exporter down, not seen for a day"), "{page}");
    let brief = HostSnapshot { host: Some("w6".to_owned()), ..host("w6", Some(false), false, None, Vec::new()) };
    let style = Style { columns: usize::MAX, color: false, ascii: false };
    let brief = render(&hosts_page(&HostsSnapshot { hosts: vec![brief], ..hosts() }, &style), &style);
    assert!(brief.contains("exporter down, seen less than a day ago"), "{brief}");
    assert!(line("w5.example").contains("no samples, seen 6m40s ago"), "{page}");
    assert!(line("w2.example").contains("1 of 1 up"), "{page}");
}

#[test]
fn the_page_is_ascii_without_a_utf8_locale() {
    let style = Style { columns: 80, color: false, ascii: true };
    let page = render(&hosts_page(&hosts(), &style), &style);
    assert!(page.is_ascii() && page.contains("x w3"), "{page}");
}

#[test]
fn a_server_without_fleets_is_reported() {
    let style = Style { columns: 80, color: false, ascii: false };
    let empty = HostsSnapshot { hosts: Vec::new(), ..hosts() };
    let page = render(&hosts_page(&empty, &style), &style);
    assert!(page.contains("0 hosts") && page.contains("no fleet found"), "{page}");
}
