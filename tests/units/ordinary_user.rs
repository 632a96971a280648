//! Units work for an ordinary user: above all, a process can be moved from the holder's control group into its
//! agent's.
//!
//! If the tests do not run as root, all of them show this, and these tests are skipped.

use mosaic_harness::{Fleet, ProcessWatch, UnitFleet};
use rustix::process::Signal;
use std::os::unix::fs::MetadataExt;

/// Belongs to no user: between the ranges that systemd and distributions use.
const UID: u32 = 47110;

fn fleet_of_ordinary_user() -> Option<UnitFleet> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    UnitFleet::build_or_skip(Fleet::builder().owner(UID, UID))
}

fn assert_in_the_units_group(fleet: &UnitFleet, pids: [u32; 2]) {
    fleet.wait_members("coder0", &pids);
    for pid in pids {
        assert_eq!(std::fs::metadata(format!("/proc/{pid}")).unwrap().uid(), UID);
    }
    let log = fleet.manager().journal_messages(&[]);
    assert!(!log.iter().any(|line| line.contains("outside")), "{log:#?}");
}

#[test]
fn an_ordinary_users_agent_is_in_its_units_control_group_and_stop_ends_it() {
    let Some(fleet) = fleet_of_ordinary_user() else { return };
    let pane = fleet.start("coder0");
    let orphan = ProcessWatch::new(pane.spawn_orphan()).unwrap();
    assert_in_the_units_group(&fleet, [pane.pid(), orphan.pid()]);
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_eq!(fleet.state("coder0"), "inactive");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
}

#[test]
fn an_ordinary_users_agent_that_exits_with_7_restarts() {
    let Some(fleet) = fleet_of_ordinary_user() else { return };
    let pane = fleet.start("coder0");
    pane.exit(7);
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "NRestarts", "1");
    fleet.wait_state("coder0", "active");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "2");
    let records = fleet.manager().journal(&["--user", "AGENT=coder0"]);
    assert_eq!(records[0]["EXIT"], "code:7", "{records:#?}");
}

#[test]
fn an_ordinary_users_agent_is_adopted_after_its_sidecar_was_killed() {
    let Some(fleet) = fleet_of_ordinary_user() else { return };
    let pane = fleet.start("coder0");
    let orphan = pane.spawn_orphan();
    let old = fleet.fleet().heartbeat("coder0").unwrap();
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    let new = fleet.fleet().wait_heartbeat("coder0", |beat| beat["sidecar"] != old["sidecar"]);
    fleet.wait_state("coder0", "active");
    assert_eq!((&new["pid"], &new["start"], &new["gen"]), (&old["pid"], &old["start"], &old["gen"]));
    assert_in_the_units_group(&fleet, [pane.pid(), orphan]);
}

#[test]
fn a_unit_of_an_ordinary_user_adopts_an_agent_started_by_hand() {
    let Some(fleet) = fleet_of_ordinary_user() else { return };
    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    // The installed program: other users cannot run the one in the build directory.
    let program = fleet.fleet().mosaic_home().join("tools/fleet/start-agent-session");
    let launch = fleet.fleet().launch("coder0").program(program).command(fleet.test_agent_command("coder0"));
    let started = launch.output();
    assert!(started.status.success(), "{started:?}");
    let pane = fleet.fleet().pane("coder0");
    let orphan = pane.spawn_orphan();
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "");
    fleet.start("coder0");
    assert_in_the_units_group(&fleet, [pane.pid(), orphan]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "1");
}
