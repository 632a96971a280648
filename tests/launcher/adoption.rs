//! Adoption: the next sidecar takes over a running agent and neither ends nor restarts it.

use mosaic_harness::{Fleet, PaneProcess, ProcessWatch, UnitFleet};
use rustix::process::Signal;
use std::collections::BTreeMap;

/// The fields that an adoption keeps.
fn identity(beat: &BTreeMap<String, String>) -> [&str; 4] {
    ["pid", "start", "boot", "gen"].map(|key| beat[key].as_str())
}

/// Another sidecar watches the same agent in the same unit.
fn assert_adopted(fleet: &UnitFleet, old: &BTreeMap<String, String>, pane: &PaneProcess, orphan: u32) {
    let new = fleet.fleet().wait_heartbeat("coder0", |beat| beat["sidecar"] != old["sidecar"]);
    fleet.wait_state("coder0", "active");
    assert_eq!(identity(&new), identity(old));
    assert_eq!((&*new["pid"], &*new["status"]), (&*pane.pid().to_string(), "ok"));
    assert!(!pane.process().is_dead());
    let sidecar = fleet.sidecar("coder0").pid();
    assert_eq!(new["sidecar"], sidecar.to_string());
    // The guard process that watched the agent in between ends once it has seen the new sidecar.
    let guardians = fleet.manager().processes_of(&UnitFleet::unit("coder0")).into_iter().filter(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("--guard"))
    });
    guardians.filter_map(|pid| ProcessWatch::new(pid).ok()).for_each(|guardian| guardian.wait());
    fleet.wait_members("coder0", &[pane.pid(), orphan]);
    assert_eq!(fleet.sessions(), ["_holder", "coder0"]);
}

/// The adopting sidecar handles a stop, which ends the agent and its descendants.
fn assert_stop_ends_all(fleet: &UnitFleet, pane: &PaneProcess, orphan: u32) {
    let orphan = ProcessWatch::new(orphan).unwrap();
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
    assert_eq!(fleet.sessions(), ["_holder"]);
}

#[test]
fn a_killed_sidecar_restarts_and_adopts_the_same_process() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = pane.spawn_orphan();
    let old = fleet.fleet().heartbeat("coder0").unwrap();
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    assert_adopted(&fleet, &old, &pane, orphan);
    assert_eq!(fleet.show("coder0", ["NRestarts"]), ["1"]);
    assert_stop_ends_all(&fleet, &pane, orphan);
}

#[test]
fn the_exit_of_an_adopted_agent_is_reported_like_any_other() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = pane.spawn_orphan();
    let old = fleet.fleet().heartbeat("coder0").unwrap();
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    assert_adopted(&fleet, &old, &pane, orphan);
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    pane.exit(7);
    fleet.wait_state("coder0", "failed");
    assert_eq!(fleet.show("coder0", ["ExecMainStatus"]), ["7"]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["exit"], "code:7");
}

#[test]
fn a_hung_sidecar_is_replaced_by_the_watchdog() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nWatchdogSec=2\n");
    let pane = fleet.start("coder0");
    let orphan = pane.spawn_orphan();
    let old = fleet.fleet().heartbeat("coder0").unwrap();
    fleet.sidecar("coder0").signal(Signal::STOP.as_raw());
    assert_adopted(&fleet, &old, &pane, orphan);
    let log = fleet.manager().journal_messages(&["--user", "--unit", &UnitFleet::unit("coder0")]);
    assert!(log.iter().any(|line| line.contains("Watchdog timeout")), "{log:#?}");
    assert_stop_ends_all(&fleet, &pane, orphan);
}

#[test]
fn the_watchdog_leaves_a_working_sidecar_alone() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nWatchdogSec=1\n");
    // The heartbeat interval is longer than the watchdog timeout.
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "MOSAIC_HEARTBEAT_INTERVAL=3\n");
    fleet.start("coder0");
    let sidecar = fleet.sidecar("coder0").pid().to_string();
    let later = fleet.fleet().wait_heartbeat("coder0", |beat| beat["seq"].parse::<u64>().unwrap() >= 3);
    assert_eq!(later["sidecar"], sidecar);
    assert_eq!(fleet.show("coder0", ["NRestarts", "MainPID"]), ["0".to_owned(), sidecar]);
}

#[test]
fn a_unit_adopts_an_agent_started_by_hand_with_all_its_descendants() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    let launch = fleet.fleet().launch("coder0").command(fleet.test_agent_command("coder0"));
    let started = launch.output();
    assert!(started.status.success(), "{started:?}");
    let pane = fleet.fleet().pane("coder0");
    let orphan = pane.spawn_orphan();
    let old = fleet.fleet().heartbeat("coder0").unwrap();
    let first_sidecar = ProcessWatch::new(old["sidecar"].parse().unwrap()).unwrap();
    let outside = fleet.manager().processes_of(UnitFleet::HOLDER);
    assert!(outside.contains(&pane.pid()) && outside.contains(&orphan), "{outside:?}");

    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "");
    fleet.start("coder0");

    assert_adopted(&fleet, &old, &pane, orphan);
    assert!(first_sidecar.is_dead(), "there is one sidecar");
    let log = fleet.manager().journal_messages(&["--identifier", "start-agent-session"]);
    assert!(log.iter().any(|line| line.contains("already running: coder0")), "{log:#?}");
    assert_stop_ends_all(&fleet, &pane, orphan);
}

#[test]
fn an_agent_on_a_server_started_by_hand_is_adopted_and_the_server_kept() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let started = fleet.fleet().launch("coder0").command(fleet.test_agent_command("coder0")).output();
    assert!(started.status.success(), "{started:?}");
    let (pane, server) = (fleet.fleet().pane("coder0"), fleet.server());
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "");

    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    fleet.start("coder0");
    assert_eq!(fleet.manager().is_active(UnitFleet::HOLDER), "inactive");
    assert_eq!(fleet.state("coder0"), "active");
    assert!(!pane.process().is_dead() && !server.is_dead());
    assert_eq!(fleet.sessions(), ["coder0"]);
    fleet.wait_members("coder0", &[pane.pid()]);
    let log = fleet.manager().journal_messages(&[]);
    assert!(log.iter().any(|line| line.contains("did not start") && line.contains("mosaic-factory")), "{log:#?}");

    // Once that server is gone, the holder starts its own.
    server.signal(Signal::KILL.as_raw());
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2" && beat["status"] == "ok");
    fleet.wait_state("coder0", "active");
    assert!(pane.process().is_dead());
    assert_eq!(fleet.manager().show(UnitFleet::HOLDER, "MainPID"), fleet.server().pid().to_string());
}

#[test]
fn a_start_continues_a_sidecar_that_was_stopped() {
    let fleet = Fleet::new();
    let command = fleet.agent_command("coder0");
    fleet.launch("coder0").command(&command).interval("0.2").succeed();
    let (pane, sidecar) = (fleet.pane("coder0"), fleet.sidecar("coder0"));
    sidecar.signal(Signal::STOP.as_raw());
    let before = fleet.heartbeat("coder0").unwrap();
    fleet.launch("coder0").command(&command).interval("0.2").succeed();
    // One heartbeat may have been in progress.
    let sequence = |beat: &BTreeMap<String, String>| beat["seq"].parse::<u64>().unwrap();
    let beat = fleet.wait_heartbeat("coder0", |beat| sequence(beat) > sequence(&before) + 1);
    assert_eq!((&beat["sidecar"], &beat["pid"]), (&sidecar.pid().to_string(), &pane.pid().to_string()));
}
