//! Failures around an agent do not harm it: a failed start of its unit, a damaged heartbeat, or the end of another
//! service that started it.

use mosaic_harness::{Binaries, UnitFleet};
use rustix::process::Signal;

#[test]
fn a_failed_restart_of_the_sidecar_keeps_the_agent() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n");
    let pane = fleet.start("coder0");
    let command = fleet.test_agent_command("coder0");
    fleet.settings("coder0", &command, "MOSAIC_HEARTBEAT_INTERVAL=invalid\n");
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "ExecMainStatus", "78");
    assert!(!pane.process().is_dead());
    let records = fleet.manager().journal_messages(&["AGENT=coder0"]);
    assert!(records.iter().any(|line| line.contains("MOSAIC_HEARTBEAT_INTERVAL: 'invalid'")), "{records:#?}");
    fleet.settings("coder0", &command, "");
    fleet.wait_state("coder0", "active");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((&*beat["pid"], &*beat["gen"]), (&*pane.pid().to_string(), "1"), "the same process");
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead());
}

#[test]
fn an_agent_with_a_damaged_heartbeat_is_adopted() {
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
fn an_agent_started_by_another_service_outlives_that_service() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    let started = fleet
        .manager()
        .command("systemd-run")
        .args(["--user", "--wait", "--quiet", "--collect", "--service-type=oneshot"])
        .arg(format!("--setenv=MOSAIC_AGENT_COMMAND={}", fleet.test_agent_command("other-service")))
        .arg(Binaries::start_agent_session())
        .arg("other-service")
        .output()
        .unwrap();
    assert!(started.status.success(), "{started:?}");
    let pane = fleet.fleet().pane("other-service");
    assert!(!pane.process().is_dead());
    assert!(
        fleet.manager().processes_of(UnitFleet::HOLDER).contains(&pane.pid()),
        "it stays in the holder's control group"
    );
}
