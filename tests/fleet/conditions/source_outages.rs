//! The condition while a source fails or hangs: tmux, the bus, the manager, the roster, the heartbeats.

use crate::conditions::expected::Beat;
use crate::conditions::expected::{Expected, NO_RESTART, UID, UP, failed_sources, fleet, kill_session, only};
use mosaic_harness::{Fleet, FleetBuilder, RosterFleet, StoppedProcess, UnitFleet};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

#[test]
fn without_a_tmux_server_every_agent_is_missing() {
    let Some(fleet) = fleet() else { return };
    let gone = Expected {
        condition: "missing",
        reason: "there is no tmux server",
        drift: &[("holder-missing", "mosaic-factory"), ("session-missing", "coder0"), ("session-missing", "mos")],
        verified: 1,
    };
    let manager = fleet.units().manager();
    manager.drop_in(UnitFleet::HOLDER, "test", NO_RESTART);
    for agent in ["mos", "coder0"] {
        fleet.units().drop_in(agent, NO_RESTART);
    }
    fleet.units().server().signal(Signal::KILL.as_raw());
    for unit in [UnitFleet::HOLDER.to_owned(), UnitFleet::unit("mos"), UnitFleet::unit("coder0")] {
        manager.wait_active(&unit, "failed");
    }
    let snapshot = gone.check(&fleet);
    assert_eq!((&snapshot["holder"]["up"], failed_sources(&snapshot)), (&false.into(), vec![]));
    fleet.start(&["mos", "coder0"]);
    UP.check(&fleet);
}

#[test]
fn without_a_bus_systemctl_gives_the_same_observation() {
    let Some(fleet) = fleet() else { return };
    let before = fleet.agent("coder0");
    // Its socket stays, and the next client starts it again before the manager has reconnected.
    let bus = only(&fleet, "dbus-daemon");
    bus.signal(Signal::KILL.as_raw());
    bus.wait();
    assert_eq!(failed_sources(&UP.check(&fleet)), [""; 0]);
    fleet.units().manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    assert_eq!(fleet.units().fleet().processes_named("dbus-daemon"), [0; 0]);
    let snapshot = UP.check(&fleet);
    assert_eq!(failed_sources(&snapshot), [""; 0]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["unit"], before["unit"]);
}

/// As [`UP`], while some source cannot be read.
const UNVERIFIED: Expected = Expected { verified: 69, ..UP };

#[test]
fn a_hung_manager_fails_only_the_systemd_source() {
    let Some(fleet) = fleet() else { return };
    let manager = StoppedProcess::new(only(&fleet, "systemd"));
    let snapshot = UNVERIFIED.check(&fleet);
    assert_eq!(failed_sources(&snapshot), ["systemd"]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["unit"], Value::Null);
    // What does not depend on the manager is still observed.
    kill_session(&fleet);
    let snapshot = fleet.snapshot();
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["condition"], "missing");
    assert_eq!(RosterFleet::drift_of(&snapshot), [("session-missing".to_owned(), "coder0".to_owned())]);
    drop(manager);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}

#[test]
fn a_hung_bus_fails_only_the_systemd_source() {
    let Some(fleet) = fleet() else { return };
    let bus = StoppedProcess::new(only(&fleet, "dbus-daemon"));
    let snapshot = UP.check_in(fleet.snapshot());
    assert_eq!(failed_sources(&snapshot), ["systemd"]);
    drop(bus);
    UP.check(&fleet);
}

#[test]
fn with_a_hung_tmux_heartbeat_and_process_decide_the_condition() {
    let Some(fleet) = fleet() else { return };
    let pane = fleet.units().fleet().pane("coder0");
    let server = StoppedProcess::new(fleet.units().server());
    let expected = Expected { reason: "by its heartbeat and process alone: the tmux server", ..UNVERIFIED };
    let snapshot = expected.check(&fleet);
    assert_eq!(failed_sources(&snapshot), ["tmux"]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"], Value::Null);
    assert_eq!(snapshot["holder"]["up"], Value::Null);

    let sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    let file = fleet.units().fleet().heartbeat_file("coder0");
    let real = Beat(file.text().unwrap());
    std::fs::write(file.path(), real.aged(60.0).0).unwrap();
    Expected { condition: "stale", reason: " s old", ..UP }.check_in(fleet.snapshot());
    std::fs::remove_file(file.path()).unwrap();
    Expected { condition: "unknown", reason: "tmux", ..UP }.check_in(fleet.snapshot());
    std::fs::write(file.path(), &real.0).unwrap();
    pane.process().signal(Signal::KILL.as_raw());
    pane.process().wait();
    Expected { condition: "dead", reason: "its process is gone", ..UP }.check_in(fleet.snapshot());
    drop((sidecar, server));
    fleet.wait_condition("coder0", "up");
}

#[test]
fn an_invalid_roster_still_shows_the_running_agents() {
    let Some(fleet) = fleet() else { return };
    fleet.write_roster(&fleet.roster().replace("class: implementer", "clazz: implementer"));
    let (code, snapshot) = fleet.ps();
    assert_eq!(code, Some(78));
    UP.check_in(snapshot.clone());
    assert_eq!(failed_sources(&snapshot), ["roster"]);
    let error = snapshot["sources"]["roster"]["error"].as_str().unwrap();
    assert!(error.contains("clazz") && error.contains("class"), "{error}");
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["managed"], false);
    assert_eq!(snapshot["agents"].as_array().unwrap().len(), 2);
    Expected { verified: 1, ..UP }.check_verified(&fleet);
    let of_one = fleet.mosaic(&["fleet", "verify", "coder0"]);
    assert_eq!(of_one.status.code(), Some(78), "{of_one:?}");
}

#[test]
fn unreadable_heartbeats_make_agents_unknown() {
    let builder = if rustix::process::geteuid().is_root() {
        // root reads everything.
        Fleet::builder().owner(UID, UID)
    } else {
        FleetBuilder::default()
    };
    let Some(fleet) = RosterFleet::installed_or_skip(builder, &["mos", "coder0"], "15") else { return };
    fleet.start(&["mos", "coder0"]);
    UP.check(&fleet);
    let unreadable = |path: &std::path::Path, mode| {
        let before = path.metadata().unwrap().permissions();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        before
    };
    let directory = fleet.units().fleet().run_directory();
    let before = unreadable(directory, 0);
    let snapshot = Expected { condition: "unknown", reason: "cannot read", drift: &[], verified: 69 }.check(&fleet);
    assert_eq!(failed_sources(&snapshot), ["heartbeat"]);
    std::fs::set_permissions(directory, before).unwrap();
    UP.check(&fleet);

    let file = fleet.units().fleet().heartbeat_path("coder0");
    unreadable(&file, 0);
    let expected = Expected {
        condition: "unknown",
        reason: "its heartbeat: ",
        drift: &[("stale-heartbeat", "coder0")],
        verified: 1,
    };
    assert_eq!(failed_sources(&expected.check(&fleet)), [""; 0]);
}
