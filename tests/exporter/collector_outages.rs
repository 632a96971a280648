//! Scrapes while a source hangs or is invalid: they are answered in time with everything else, and the exporter recovers
//! by itself.

use crate::samples::Samples;
use mosaic_harness::{Deadline, ExporterProcess, ProcessWatch, RosterFleet, StoppedProcess};
use std::fs;
use std::time::{Duration, Instant};

/// The header in which Prometheus sends its timeout.
const SCRAPE_TIMEOUT: (&str, &str) = ("X-Prometheus-Scrape-Timeout-Seconds", "5");

fn fleet() -> Option<(RosterFleet, ExporterProcess)> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    let exporter = fleet.exporter(&[]);
    Some((fleet, exporter))
}

/// A scrape with Prometheus' timeout, which must be answered in time.
fn scrape(exporter: &ExporterProcess) -> Samples {
    let begun = Instant::now();
    let answer = exporter.get_with("/metrics", &[SCRAPE_TIMEOUT]);
    assert!(begun.elapsed() < Duration::from_secs(5), "slower than the scrape timeout: {:?}", begun.elapsed());
    assert_eq!(answer.status, 200, "{}", answer.text());
    Samples(answer.text())
}

/// Scrapes until a condition holds: an observation may be a second old.
fn scrape_until(exporter: &ExporterProcess, what: &str, holds: impl Fn(&Samples) -> bool) -> Samples {
    let deadline = Deadline::default();
    loop {
        let samples = scrape(exporter);
        if holds(&samples) {
            return samples;
        }
        assert!(!deadline.passed(), "{what} does not appear:\n{}", samples.0);
        std::thread::yield_now();
    }
}

/// Waits until one collector fails, and checks that the others succeed and these series are present.
fn assert_fails_alone(exporter: &ExporterProcess, failed: &str, intact: &[&str]) {
    let samples = scrape_until(exporter, &format!("a failure of {failed}"), |samples| !samples.success(failed));
    for other in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        assert_eq!(samples.success(other), other != failed, "{other}:\n{}", samples.0);
    }
    for series in intact {
        assert!(samples.value(series).is_some(), "{series} is missing:\n{}", samples.0);
    }
}

fn wait_recovery(exporter: &ExporterProcess, collector: &str) {
    let samples = scrape_until(exporter, &format!("success of {collector}"), |samples| samples.success(collector));
    assert_eq!(samples.condition("coder0").as_deref(), Some("up"), "{}", samples.0);
}

const BEAT: &str = "mosaic_agent_heartbeat_timestamp_seconds{agent=\"coder0\"}";
const ALIVE: &str = "mosaic_agent_process_alive{agent=\"coder0\"}";
const OUTPUT: &str = "mosaic_agent_last_output_timestamp_seconds{agent=\"coder0\"}";
const ENABLED: &str = "mosaic_agent_unit_enabled{agent=\"coder0\"}";

#[test]
fn a_hung_tmux_server_fails_only_its_collector() {
    let Some((fleet, exporter)) = fleet() else { return };
    let server = StoppedProcess::new(fleet.units().server());
    assert_fails_alone(&exporter, "tmux", &[BEAT, ENABLED]);
    let samples = scrape(&exporter);
    assert_eq!(samples.condition("coder0").as_deref(), Some("up"), "{}", samples.0);
    assert_eq!(samples.value(OUTPUT), None);
    drop(server);
    wait_recovery(&exporter, "tmux");
}

#[test]
fn a_hung_manager_fails_only_its_collector() {
    let Some((fleet, exporter)) = fleet() else { return };
    let found = fleet.units().fleet().processes_named("systemd");
    let manager = StoppedProcess::new(ProcessWatch::new(found[0]).unwrap());
    assert_fails_alone(&exporter, "systemd", &[BEAT, ALIVE, OUTPUT]);
    drop(manager);
    wait_recovery(&exporter, "systemd");
}

#[test]
fn an_unreadable_run_directory_fails_only_the_heartbeat_collector() {
    let Some((fleet, exporter)) = fleet() else { return };
    let run = fleet.units().fleet().mosaic_home().join("fleet/run");
    let aside = run.with_extension("aside");
    fs::rename(&run, &aside).unwrap();
    // root can read every directory, but not a file in its place.
    fs::write(&run, "").unwrap();
    assert_fails_alone(&exporter, "heartbeat", &[ALIVE, OUTPUT, ENABLED]);
    fs::remove_file(&run).unwrap();
    fs::rename(&aside, &run).unwrap();
    wait_recovery(&exporter, "heartbeat");
}

#[test]
fn an_invalid_roster_keeps_all_agents_in_the_metrics() {
    let Some((fleet, exporter)) = fleet() else { return };
    let loaded = scrape(&exporter).value("mosaic_roster_last_load_timestamp_seconds").unwrap();
    let roster = fleet.roster();
    fleet.write_roster("agents: [{ name: \"");
    assert_fails_alone(&exporter, "roster", &[BEAT, ALIVE, OUTPUT, ENABLED]);
    let samples = scrape(&exporter);
    assert_eq!(samples.value("mosaic_roster_last_load_success"), Some(0.0));
    assert_eq!(samples.value("mosaic_roster_agents"), Some(2.0));
    assert_eq!(samples.value("mosaic_roster_last_load_timestamp_seconds"), Some(loaded));
    fleet.write_roster(&roster);
    wait_recovery(&exporter, "roster");
}

#[test]
fn a_scrape_is_answered_in_time_without_the_slow_source() {
    let Some((fleet, exporter)) = fleet() else { return };
    let _server = StoppedProcess::new(fleet.units().server());
    let samples = scrape_until(&exporter, "a failure of tmux", |samples| !samples.success("tmux"));
    assert!(samples.success("heartbeat"));
    // With so short a timeout, the sources get less than a second.
    let begun = Instant::now();
    let answer = exporter.get_with("/metrics", &[("X-Prometheus-Scrape-Timeout-Seconds", "1")]);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(answer.status, 200);
    assert!(!Samples(answer.text()).success("tmux"));
}
