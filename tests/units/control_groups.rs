//! An agent, and all that it starts, is in its unit's control group; the tmux server never is.

use mosaic_harness::UnitFleet;
use rustix::process::Signal;

const HOLDER: &str = UnitFleet::HOLDER;

fn groups_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap()
}

fn assert_holder_owns_the_server(fleet: &UnitFleet, agent: &str) {
    let server = fleet.server().pid();
    assert_eq!(fleet.manager().show(HOLDER, "MainPID"), server.to_string());
    assert!(fleet.manager().processes_of(HOLDER).contains(&server));
    assert!(!fleet.manager().processes_of(&UnitFleet::unit(agent)).contains(&server));
}

#[test]
fn the_pane_process_is_in_the_units_group_before_its_command_runs() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // The very first thing: the group of the shell that reads the command, and of its first child.
    let first = "cat /proc/$$/cgroup /proc/self/cgroup > $HOME/groups";
    fleet.settings("coder0", &format!("{first}; {}", fleet.controllable("coder0")), "");
    fleet.start("coder0");
    let of_the_unit = groups_of(fleet.sidecar("coder0").pid());
    assert!(of_the_unit.contains("/mosaic-agent@coder0.service\n"), "{of_the_unit}");
    let found = std::fs::read_to_string(fleet.fleet().home().join("groups")).unwrap();
    assert_eq!(found, of_the_unit.repeat(2));
}

#[test]
fn whatever_the_agent_starts_is_in_its_units_group() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let (one, other) = (fleet.start("coder0"), fleet.start("coder1"));
    for (agent, pane) in [("coder0", one), ("coder1", other)] {
        fleet.wait_members(agent, &[pane.pid(), pane.spawn_orphan()]);
        assert_holder_owns_the_server(&fleet, agent);
    }
}

#[test]
fn an_agent_started_without_a_server_gets_it_from_the_holder() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    assert_eq!(fleet.manager().is_active(HOLDER), "inactive");
    fleet.start("coder0");
    assert_holder_owns_the_server(&fleet, "coder0");
    fleet.manager().systemctl_ok(&["stop", HOLDER]);
    assert_eq!(fleet.manager().is_active(&UnitFleet::unit("coder0")), "inactive");
    fleet.start("coder0");
    assert_holder_owns_the_server(&fleet, "coder0");
}

#[test]
fn an_agent_that_is_back_before_its_holder_brings_the_holder_up_and_owns_no_server() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.manager().drop_in(HOLDER, "test", "[Service]\nRestart=no\n");
    let pane = fleet.start("coder0");
    fleet.server().signal(Signal::KILL.as_raw());
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2" && beat["status"] == "ok");
    fleet.wait_state("coder0", "active");
    assert!(pane.process().is_dead());
    assert_holder_owns_the_server(&fleet, "coder0");
}

#[test]
fn an_agent_whose_server_cannot_be_had_fails_rather_than_start_one() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // A holder that systemd takes for active, and that has no server.
    let nothing = "[Service]\nType=simple\nExecStart=\nExecStart=/bin/sleep infinity\nExecStop=\n";
    fleet.manager().drop_in(HOLDER, "test", nothing);
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    let unit = UnitFleet::unit("coder0");
    assert!(!fleet.manager().systemctl(&["start", &unit]).status.success());
    assert_eq!(fleet.show("coder0", ["ActiveState", "ExecMainStatus"]), ["failed", "69"]);
    assert_eq!(fleet.sessions(), Vec::<String>::new());
    for place in [&["AGENT=coder0"][..], &["--user", "--unit", &unit]] {
        let log = fleet.manager().journal_messages(place);
        assert!(log.iter().any(|line| line.contains("ERROR") && line.contains("mosaic-factory")), "{log:#?}");
    }
}
