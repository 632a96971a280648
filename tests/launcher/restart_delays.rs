//! Restarts of an agent that keeps ending: each waits longer than the one before, and a start on request does not wait.

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, FleetPaths};
use mosaic_harness::{PaneProcess, UnitFleet};
use mosaic_heartbeat::{EndLog, EndRecord, EndVerdict};
use rustix::process::Signal;
use std::time::Duration;

fn log(fleet: &UnitFleet) -> EndLog {
    EndLog::new(&FleetPaths::new(fleet.fleet().mosaic_home().to_owned()), &"coder0".parse().unwrap())
}

/// An agent that has ended so often, and runs now.
fn agent_after_ends(fleet: &UnitFleet, ends: u64) -> PaneProcess {
    let pane = fleet.start("coder0");
    for generation in 1..=ends {
        let record = EndRecord {
            at: Timestamp::now(),
            verdict: EndVerdict::Exited(ExitVerdict::Code(1)),
            lifetime: Duration::from_secs(13),
            generation,
            requested_by: None,
            lines: Vec::new(),
        };
        log(fleet).append(&record).unwrap();
    }
    pane
}

fn wait_until_delayed(fleet: &UnitFleet) {
    let unit = UnitFleet::unit("coder0");
    fleet.manager().wait_property_matching(&unit, "StatusText", |status| status.contains("restarting in "));
    assert_eq!(fleet.state("coder0"), "activating");
}

#[test]
fn the_restart_after_many_ends_waits_and_says_so() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    agent_after_ends(&fleet, 10).exit(1);
    wait_until_delayed(&fleet);
    let [status] = fleet.show("coder0", ["StatusText"]);
    assert!(status.starts_with("started 11 times in ") && status.ends_with("; restarting in 256 s"), "{status}");
    // A stop ends the wait at once, and is no failure.
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(fleet.show("coder0", ["ActiveState", "Result"]), ["inactive", "success"]);
}

#[test]
fn a_delay_longer_than_the_start_timeout_is_no_timeout() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nTimeoutStartSec=1s\n");
    agent_after_ends(&fleet, 3).exit(1);
    wait_until_delayed(&fleet);
    fleet.wait_state("coder0", "active");
    assert_eq!(fleet.show("coder0", ["NRestarts"]), ["1"]);
}

#[test]
fn a_requested_start_does_not_wait() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    agent_after_ends(&fleet, 10).exit(1);
    wait_until_delayed(&fleet);
    fleet.manager().systemctl_ok(&["restart", &UnitFleet::unit("coder0")]);
    assert_eq!(fleet.state("coder0"), "active");
    // The ends before the request do not delay the next restart either.
    fleet.fleet().pane("coder0").exit(1);
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "3" && beat["status"] == "ok");

    agent_after_ends(&fleet, 10).exit(1);
    wait_until_delayed(&fleet);
    log(&fleet).request_start(Timestamp::now()).unwrap();
    fleet.wait_state("coder0", "active");
}

#[test]
fn an_agent_that_lost_its_sidecar_is_adopted_without_a_delay() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = agent_after_ends(&fleet, 10);
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(Signal::KILL.as_raw());
    sidecar.wait();
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "NRestarts", "1");
    fleet.wait_state("coder0", "active");
    assert!(!pane.process().is_dead());
}

#[test]
fn a_crash_loop_with_restart_on_failure_ends_and_one_with_always_does_not() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // Without a delay, ten starts take ten seconds: the delays are tested above.
    fleet.drop_in("coder0", "[Unit]\nStartLimitBurst=3\n");
    fleet.settings("coder0", "echo the reason; exit 1", "");
    assert!(!fleet.manager().systemctl(&["start", &UnitFleet::unit("coder0")]).status.success());
    fleet.wait_state("coder0", "failed");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "3");

    fleet.drop_in("coder0", "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=0\n[Service]\nRestart=always\n");
    let unit = UnitFleet::unit("coder0");
    fleet.manager().systemctl_ok(&["reset-failed", &unit]);
    assert!(!fleet.manager().systemctl(&["start", &unit]).status.success());
    wait_until_delayed(&fleet);
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"].parse::<u32>().unwrap() > 6);
}
