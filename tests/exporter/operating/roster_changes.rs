//! Rosters that appear and change, and a host without tmux.

use super::running_exporter::{RunningExporter, exporter};
use crate::samples::Samples;
use mosaic_harness::{Deadline, Fleet, HttpResponse};
use std::fs;
use std::net::SocketAddr;

const ANY_PORT: &str = "--web.listen-address=127.0.0.1:0";

fn scrape_until(address: SocketAddr, what: &str, holds: impl Fn(&Samples) -> bool) -> Samples {
    let deadline = Deadline::default();
    loop {
        let samples = Samples(HttpResponse::get(address, "/metrics", &[]).text());
        if holds(&samples) {
            return samples;
        }
        assert!(!deadline.passed(), "{what} does not appear:\n{}", samples.0);
        std::thread::yield_now();
    }
}

fn roster(agents: &[&str]) -> String {
    let entry = |agent: &&str| format!("  - {{ name: {agent}, class: implementer, command: \"sleep 1\" }}\n");
    format!(
        "version: 1\ntransport: tmux\ndefaults: {{ runtime: pi }}\nagents:\n{}",
        agents.iter().map(entry).collect::<String>()
    )
}

#[test]
fn the_exporter_follows_roster_changes() {
    let fleet = Fleet::new();
    // Neither the home nor the roster exists.
    let home = fleet.root().join("not/yet");
    let exporter = RunningExporter::start(exporter(&fleet, &[ANY_PORT, &format!("--mosaic-home={}", home.display())]));
    let address = exporter.address();
    let none = scrape_until(address, "a roster that is missing", |samples| !samples.success("roster"));
    assert_eq!(none.value("mosaic_roster_last_load_success"), Some(0.0));
    assert!(none.success("tmux") && !none.0.contains("mosaic_agent_"), "{}", none.0);

    let path = home.join("fleet/roster.yaml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, roster(&["mos", "coder0"])).unwrap();
    let two = scrape_until(address, "the roster", |samples| samples.success("roster"));
    assert_eq!(two.value("mosaic_roster_agents"), Some(2.0));
    assert_eq!(two.condition("coder0").as_deref(), Some("missing"), "{}", two.0);

    fs::write(&path, roster(&["mos", "coder0", "coder1"])).unwrap();
    scrape_until(address, "another agent", |samples| samples.condition("coder1").is_some());
    fs::write(&path, roster(&["mos", "coder1"])).unwrap();
    let gone = scrape_until(address, "its absence", |samples| samples.condition("coder0").is_none());
    assert!(!gone.0.contains("coder0") && gone.0.contains("coder1"), "{}", gone.0);
}

#[test]
fn without_tmux_its_collector_fails_and_the_exporter_does_not() {
    let fleet = Fleet::new();
    let path = fleet.mosaic_home().join("fleet/roster.yaml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, roster(&["mos"])).unwrap();
    let mut command = exporter(&fleet, &[ANY_PORT]);
    command.env("PATH", fleet.root());
    let samples = Samples(HttpResponse::get(RunningExporter::start(command).address(), "/metrics", &[]).text());
    assert!(!samples.success("tmux") && samples.success("roster") && samples.success("heartbeat"), "{}", samples.0);
}
