//! Control groups: an agent and its descendants are in its unit's group, and the tmux server never is.

use mosaic_harness::{ProcessWatch, UnitFleet};
use rustix::process::Signal;

const HOLDER: &str = UnitFleet::HOLDER;

fn control_groups(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap()
}

fn assert_holder_owns_the_server(fleet: &UnitFleet, agent: &str) {
    let server = fleet.server().pid();
    assert_eq!(fleet.manager().show(HOLDER, "MainPID"), server.to_string());
    assert!(fleet.manager().processes_of(HOLDER).contains(&server));
    assert!(!fleet.manager().processes_of(&UnitFleet::unit(agent)).contains(&server));
}

#[test]
fn the_pane_process_is_in_the_units_control_group_before_its_command_runs() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // First of all, record the group of the shell that reads the command, and of its first child.
    let first = "cat /proc/$$/cgroup /proc/self/cgroup > $HOME/groups";
    fleet.settings("coder0", &format!("{first}; {}", fleet.test_agent_command("coder0")), "");
    fleet.start("coder0");
    let unit_group = control_groups(fleet.sidecar("coder0").pid());
    assert!(unit_group.contains("/mosaic-agent@coder0.service\n"), "{unit_group}");
    let found = std::fs::read_to_string(fleet.fleet().home().join("groups")).unwrap();
    assert_eq!(found, unit_group.repeat(2));
}

#[test]
fn descendants_are_in_the_units_control_group() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let (one, other) = (fleet.start("coder0"), fleet.start("coder1"));
    for (agent, pane) in [("coder0", one), ("coder1", other)] {
        fleet.wait_members(agent, &[pane.pid(), pane.spawn_orphan()]);
        assert_holder_owns_the_server(&fleet, agent);
    }
}

#[test]
fn a_stop_leaves_nothing_of_a_program_that_ignores_signals_and_has_a_process_in_another_session() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = ProcessWatch::new(pane.spawn_orphan()).unwrap();
    pane.ignore_termination();
    fleet.wait_members("coder0", &[pane.pid(), orphan.pid()]);
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert!(fleet.manager().processes_of(&UnitFleet::unit("coder0")).is_empty());
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
fn a_restarted_agent_starts_its_holder_and_owns_no_server() {
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
fn an_agent_without_a_server_fails_and_starts_none() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // A holder that is active but has no server.
    let no_server = "[Service]\nType=simple\nExecStart=\nExecStart=/bin/sleep infinity\nExecStop=\n";
    fleet.manager().drop_in(HOLDER, "test", no_server);
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
