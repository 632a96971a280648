//! The condition after events of one agent: its unit, its session, its process, its sidecar.

use crate::conditions::expected::{Expected, UP, fleet, fleet_without_restarts, kill_session};
use mosaic_harness::{Fleet, ProcessWatch, RosterFleet, StoppedProcess, UnitFleet};
use rustix::process::Signal;

#[test]
fn an_agent_with_a_stopped_unit_is_stopped() {
    let Some(fleet) = fleet() else { return };
    fleet.units().manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    let expected = Expected { condition: "stopped", reason: "by whom is not recorded", drift: &[], verified: 0 };
    let snapshot = expected.check(&fleet);
    let agent = RosterFleet::agent_of(&snapshot, "coder0");
    assert_eq!((&agent["session"]["exists"], &agent["unit"]["active"]), (&false.into(), &"inactive".into()));
    assert_eq!(agent["heartbeat"]["status"], "stopped");
    assert_eq!(agent["stopped"]["by"], serde_json::Value::Null);
    fleet.start(&["coder0"]);
    UP.check(&fleet);
}

#[test]
fn an_agent_with_a_killed_session_is_missing() {
    let Some(fleet) = fleet_without_restarts() else { return };
    kill_session(&fleet);
    fleet.units().wait_state("coder0", "failed");
    let expected =
        Expected { condition: "missing", reason: "was killed", drift: &[("session-missing", "coder0")], verified: 1 };
    expected.check(&fleet);
}

#[test]
fn a_killed_agent_is_missing_and_the_reason_has_its_exit() {
    let Some(fleet) = fleet_without_restarts() else { return };
    fleet.units().fleet().pane("coder0").process().signal(Signal::KILL.as_raw());
    fleet.units().wait_state("coder0", "failed");
    let expected = Expected {
        condition: "missing",
        reason: "it was killed by signal 9",
        drift: &[("session-missing", "coder0")],
        verified: 1,
    };
    expected.check(&fleet);
}

#[test]
fn a_killed_agent_with_a_frozen_sidecar_is_dead_despite_an_active_unit() {
    let Some(fleet) = fleet() else { return };
    let sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    let pane = fleet.units().fleet().pane("coder0");
    pane.process().signal(Signal::KILL.as_raw());
    pane.process().wait();
    assert_eq!(fleet.units().state("coder0"), "active");
    let snapshot = fleet.snapshot();
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"]["processAlive"], false);
    let expected =
        Expected { condition: "dead", reason: " ", drift: &[("unit-active-process-dead", "coder0")], verified: 1 };
    expected.check(&fleet);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}

#[test]
fn an_agent_that_waits_for_its_restart_is_starting() {
    let Some(fleet) = fleet() else { return };
    fleet.units().drop_in("coder0", "[Service]\nRestartSec=1h\n");
    fleet.units().fleet().pane("coder0").exit(7);
    fleet.units().manager().wait_property(&UnitFleet::unit("coder0"), "SubState", "auto-restart");
    let expected = Expected {
        condition: "starting",
        reason: "exited with code 7; it is being started again",
        drift: &[],
        verified: 1,
    };
    expected.check(&fleet);
    fleet.units().manager().systemctl_ok(&["restart", &UnitFleet::unit("coder0")]);
    UP.check(&fleet);
}

#[test]
fn an_agent_is_starting_until_its_unit_is_active() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit("coder0");
    let expected = Expected { condition: "starting", reason: "", drift: &[], verified: 1 };
    for (phase, has_session) in [("ExecStartPre", false), ("ExecStartPost", true)] {
        fleet.units().manager().systemctl_ok(&["stop", &unit]);
        let fifo = fleet.units().fleet().home().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        fleet.units().drop_in("coder0", &format!("[Service]\n{phase}=/bin/cat {}\n", fifo.display()));
        fleet.units().manager().systemctl_ok(&["start", "--no-block", &unit]);
        let sub = if has_session { "start-post" } else { "start-pre" };
        fleet.units().manager().wait_property(&unit, "SubState", sub);
        std::fs::remove_file(fleet.units().fleet().heartbeat_path("coder0")).unwrap();
        let snapshot = expected.check(&fleet);
        assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"]["exists"], has_session);
        std::fs::write(&fifo, "").unwrap();
        fleet.units().wait_state("coder0", "active");
        std::fs::remove_file(fifo).unwrap();
    }
}

#[test]
fn staleness_follows_the_sidecar_and_not_the_agent() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", "coder0"], "1") else { return };
    fleet.start(&["mos", "coder0"]);
    let files = fleet.units().fleet();
    // tmux continues a stopped process of its panes, unless the server is stopped itself.
    let server = StoppedProcess::new(fleet.units().server());
    let agent = StoppedProcess::new(ProcessWatch::new(files.pane("coder0").pid()).unwrap());
    let number = |beat: &std::collections::BTreeMap<String, String>| beat["seq"].parse::<u64>().unwrap();
    let before = number(&files.heartbeat("coder0").unwrap());
    files.wait_heartbeat("coder0", |beat| number(beat) > before + 3);
    Expected { reason: "by its heartbeat and process alone", ..UP }.check_in(fleet.snapshot());
    drop(server);
    UP.check(&fleet);
    drop(agent);

    let sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    let snapshot = fleet.wait_condition("coder0", "stale");
    let expected =
        Expected { condition: "stale", reason: " s old", drift: &[("stale-heartbeat", "coder0")], verified: 1 };
    expected.check_in(snapshot);
    expected.check_verified(&fleet);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}
