//! An agent is not harmed by what fails around it: a start of its unit, or the end of a service that
//! started it by the way.

use mosaic_harness::{Binaries, UnitFleet};
use rustix::process::Signal;

#[test]
fn a_start_that_fails_does_not_take_the_agent_along() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n");
    let pane = fleet.start("coder0");
    let command = fleet.controllable("coder0");
    fleet.settings("coder0", &command, "MOSAIC_HEARTBEAT_INTERVAL=nonsense\n");
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "ExecMainStatus", "78");
    assert!(!pane.process().is_dead());
    let records = fleet.manager().journal_messages(&["AGENT=coder0"]);
    assert!(records.iter().any(|line| line.contains("MOSAIC_HEARTBEAT_INTERVAL: 'nonsense'")), "{records:#?}");
    fleet.settings("coder0", &command, "");
    fleet.wait_state("coder0", "active");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((&*beat["pid"], &*beat["gen"]), (&*pane.pid().to_string(), "1"), "the same process");
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead());
}

#[test]
fn an_agent_whose_heartbeat_nobody_can_read_is_adopted_all_the_same() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let old = fleet.sidecar("coder0");
    std::fs::write(fleet.fleet().heartbeat_path("coder0"), "damaged\n").unwrap();
    old.signal(Signal::KILL.as_raw());
    old.wait();
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "NRestarts", "1");
    fleet.wait_state("coder0", "active");
    assert!(!pane.process().is_dead());
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((&*beat["pid"], &*beat["status"]), (&*pane.pid().to_string(), "ok"));
}

#[test]
fn an_agent_that_some_service_starts_by_the_way_does_not_end_with_that_service() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    let started = fleet
        .manager()
        .command("systemd-run")
        .args(["--user", "--wait", "--quiet", "--collect", "--service-type=oneshot"])
        .arg(format!("--setenv=MOSAIC_AGENT_COMMAND={}", fleet.controllable("by-the-way")))
        .arg(Binaries::start_agent_session())
        .arg("by-the-way")
        .output()
        .unwrap();
    assert!(started.status.success(), "{started:?}");
    let pane = fleet.fleet().pane("by-the-way");
    assert!(!pane.process().is_dead());
    assert!(fleet.manager().processes_of(UnitFleet::HOLDER).contains(&pane.pid()), "where bash left it too");
}
