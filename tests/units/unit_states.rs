//! The state of an agent's unit: it is active exactly while the agent lives.

use mosaic_harness::{UnitFleet, UserManager};
use rustix::process::Signal;

/// Keeps a failed unit failed; otherwise it restarts a second later.
const NO_RESTART: &str = "[Service]\nRestart=no\n";

fn fleet_without_restarts() -> Option<UnitFleet> {
    let fleet = UnitFleet::start_or_skip()?;
    fleet.drop_in("coder0", NO_RESTART);
    Some(fleet)
}

/// Waits for the exit in the heartbeat.
fn wait_exit(fleet: &UnitFleet) -> String {
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["status"] == "exited")["exit"].clone()
}

/// systemd has restarted the agent: there is a second process and a second generation.
fn assert_restarted(fleet: &UnitFleet, old: u32) {
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "NRestarts", "1");
    fleet.wait_state("coder0", "active");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((beat["status"].as_str(), beat["gen"].as_str()), ("ok", "2"));
    let pane = fleet.fleet().pane("coder0");
    assert_ne!(pane.pid(), old);
    assert_eq!(beat["pid"], pane.pid().to_string());
}

#[test]
fn a_command_that_exits_with_7_fails_the_unit_with_7() {
    let Some(fleet) = fleet_without_restarts() else { return };
    fleet.start("coder0").exit(7);
    assert_eq!(wait_exit(&fleet), "code:7");
    fleet.wait_state("coder0", "failed");
    let result = fleet.show("coder0", ["Result", "ExecMainCode", "ExecMainStatus"]);
    assert_eq!(result, ["exit-code", "1", "7"]);
    assert_eq!(fleet.sessions(), ["_holder"]);
}

#[test]
fn a_command_that_exits_with_7_is_restarted() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    pane.exit(7);
    assert_restarted(&fleet, pane.pid());
}

#[test]
fn a_command_that_exits_with_0_leaves_the_unit_inactive_and_is_not_restarted() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.start("coder0").exit(0);
    assert_eq!(wait_exit(&fleet), "code:0");
    fleet.wait_state("coder0", "inactive");
    let result = fleet.show("coder0", ["Result", "ExecMainStatus", "NRestarts", "Job"]);
    assert_eq!(result, ["success", "0", "0", ""]);
    assert_eq!(fleet.sessions(), ["_holder"]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "1");
}

#[test]
fn a_killed_agent_fails_the_unit() {
    let Some(fleet) = fleet_without_restarts() else { return };
    fleet.start("coder0").process().signal(Signal::KILL.as_raw());
    assert_eq!(wait_exit(&fleet), "signal:9");
    fleet.wait_state("coder0", "failed");
    assert_eq!(fleet.show("coder0", ["Result", "ExecMainStatus"]), ["exit-code", "137"]);
}

#[test]
fn a_killed_agent_is_restarted() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    pane.process().signal(Signal::KILL.as_raw());
    assert_restarted(&fleet, pane.pid());
}

#[test]
fn a_terminated_agent_is_a_failure_and_is_restarted() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    pane.process().signal(Signal::TERM.as_raw());
    assert_restarted(&fleet, pane.pid());
    assert_eq!(fleet.manager().journal(&["AGENT=coder0"])[0]["EXIT"], "signal:15");
}

#[test]
fn a_command_that_ends_at_once_with_0_leaves_the_unit_inactive() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.settings("coder0", "true", "");
    fleet.manager().systemctl_ok(&["start", &UnitFleet::unit("coder0")]);
    assert_eq!(wait_exit(&fleet), "code:0");
    fleet.wait_state("coder0", "inactive");
    assert_eq!(fleet.show("coder0", ["Result", "NRestarts", "Job"]), ["success", "0", ""]);
    assert_eq!(fleet.sessions(), ["_holder"]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "1");
}

#[test]
fn the_start_of_a_missing_program_fails_with_127() {
    let Some(fleet) = fleet_without_restarts() else { return };
    fleet.settings("coder0", "no-such-program --option", "");
    let started = fleet.manager().systemctl(&["start", &UnitFleet::unit("coder0")]);
    assert!(!started.status.success(), "{started:?}");
    assert_eq!(fleet.show("coder0", ["ActiveState", "Result", "ExecMainStatus"]), ["failed", "exit-code", "127"]);
    assert_eq!(wait_exit(&fleet), "code:127");
    let record = &fleet.manager().journal(&["AGENT=coder0"])[0];
    assert!(record["MESSAGE"].as_str().unwrap().contains("no-such-program"), "{record:#?}");
}

#[test]
fn the_start_limit_ends_a_crash_loop() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=1ms\n");
    fleet.settings("coder0", "exit 3", "");
    let unit = UnitFleet::unit("coder0");
    assert!(!fleet.manager().systemctl(&["start", &unit]).status.success());
    fleet.wait_state("coder0", "failed");
    assert_eq!(fleet.show("coder0", ["ExecMainStatus", "Job"]), ["3", ""]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "3");
    let log = fleet.manager().journal_messages(&["--user", "--unit", &unit]);
    assert!(log.iter().any(|line| line.contains("Start request repeated too quickly")), "{log:#?}");
}

#[test]
fn the_status_names_pane_and_process() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let listed = fleet.fleet().tmux(&["list-panes", "-t", "=coder0:", "-F", "#{pane_id}"]);
    let id = String::from_utf8(listed.stdout).unwrap();
    let [status] = fleet.show("coder0", ["StatusText"]);
    assert_eq!(status, format!("coder0: pane {}, pid {}", id.trim(), pane.pid()));
}

#[test]
fn the_unit_is_active_exactly_while_the_agent_lives() {
    let Some(fleet) = fleet_without_restarts() else { return };
    let manager: &UserManager = fleet.manager();
    let unit = UnitFleet::unit("coder0");
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "");
    assert_eq!(manager.is_active(&unit), "inactive");

    // Without an answer of tmux there is no agent.
    manager.systemctl_ok(&["start", UnitFleet::HOLDER]);
    let server = fleet.server();
    server.signal(Signal::STOP.as_raw());
    manager.systemctl_ok(&["start", "--no-block", &unit]);
    fleet.wait_state("coder0", "activating");
    server.signal(Signal::CONT.as_raw());
    fleet.wait_state("coder0", "active");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "ok");

    // A stopped sidecar does not change the state of the agent.
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(Signal::STOP.as_raw());
    assert_eq!(manager.is_active(&unit), "active");
    sidecar.signal(Signal::CONT.as_raw());

    fleet.fleet().pane("coder0").exit(0);
    manager.wait_active(&unit, "inactive");

    let pane = fleet.start("coder0");
    assert_eq!(manager.is_active(&unit), "active");
    pane.process().signal(Signal::KILL.as_raw());
    manager.wait_active(&unit, "failed");

    let pane = fleet.start("coder0");
    assert_eq!(manager.is_active(&unit), "active");
    manager.systemctl_ok(&["stop", &unit]);
    assert!(pane.process().is_dead());
    assert_eq!(manager.is_active(&unit), "inactive");
}
