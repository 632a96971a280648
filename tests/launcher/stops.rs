//! Stopping an agent's unit ends the agent and its descendants, and nothing else.

use mosaic_harness::{PaneProcess, ProcessWatch, UnitFleet};
use rustix::process::Signal;

/// A descendant in a session of its own that ignores SIGHUP and SIGTERM.
fn spawn_orphan(pane: &PaneProcess) -> ProcessWatch {
    ProcessWatch::new(pane.spawn_orphan()).unwrap()
}

fn assert_no_leftovers(fleet: &UnitFleet, agent: &str) {
    assert_eq!(fleet.manager().processes_of(&UnitFleet::unit(agent)), Vec::<u32>::new());
    assert!(!fleet.sessions().contains(&agent.to_owned()));
}

#[test]
fn stop_ends_the_agent_and_every_descendant() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
    assert_eq!(fleet.show("coder0", ["ActiveState", "Result"]), ["inactive", "success"]);
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((beat["status"].as_str(), beat["pid"].as_str()), ("stopped", &*pane.pid().to_string()));
}

#[test]
fn an_agent_that_ignores_sigterm_is_killed_within_the_grace_period() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    pane.ignore_termination();
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
    // The sidecar ended it, before TimeoutStopSec.
    assert_eq!(fleet.show("coder0", ["ActiveState", "Result"]), ["inactive", "success"]);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
}

#[test]
fn descendants_are_ended_when_the_agent_exits() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    pane.exit(0);
    fleet.wait_state("coder0", "inactive");
    assert!(orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
}

#[test]
fn stop_does_not_touch_agents_with_a_longer_name() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let stopped = fleet.start("agent");
    let others = ["agent-1", "agent0", "agent0-1"];
    let panes = others.map(|agent| fleet.start(agent));
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("agent")]);
    assert!(stopped.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder", "agent-1", "agent0", "agent0-1"]);
    for (agent, pane) in others.iter().zip(&panes) {
        assert!(!pane.process().is_dead(), "{agent}");
        assert_eq!(fleet.state(agent), "active");
        assert_eq!(fleet.fleet().heartbeat(agent).unwrap()["status"], "ok");
    }
}

#[test]
fn a_killed_session_does_not_take_an_agent_with_a_longer_name_along() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("agent", "[Service]\nRestart=no\n");
    fleet.start("agent");
    let other = fleet.start("agent0");
    // When the sidecar cleans up, its session's name is only a prefix of another one.
    assert!(fleet.fleet().tmux(&["kill-session", "-t", "=agent:"]).status.success());
    fleet.wait_state("agent", "failed");
    assert!(!other.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder", "agent0"]);
    assert_eq!(fleet.state("agent0"), "active");
}

#[test]
fn stop_works_with_a_hung_sidecar() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    fleet.sidecar("coder0").signal(Signal::STOP.as_raw());
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
    assert_eq!(fleet.state("coder0"), "inactive");
}

#[test]
fn a_stop_that_exceeds_its_timeout_leaves_no_process() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nTimeoutStopSec=1s\n");
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    // The sidecar's grace period is longer than the unit's timeout.
    pane.ignore_termination();
    let _ = fleet.manager().systemctl(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(fleet.show("coder0", ["Result", "NRestarts", "Job"]), ["timeout", "0", ""]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
}

#[test]
fn a_sidecar_killed_during_a_stop_leaves_no_process() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let unit = UnitFleet::unit("coder0");
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    pane.ignore_termination();
    let sidecar = fleet.sidecar("coder0");
    fleet.manager().systemctl_ok(&["stop", "--no-block", &unit]);
    fleet.manager().wait_property(&unit, "StatusText", "asking the agent to end");
    sidecar.signal(Signal::KILL.as_raw());
    // Waits for the pending job.
    let _ = fleet.manager().systemctl(&["stop", &unit]);
    assert_eq!(fleet.show("coder0", ["Result", "NRestarts", "Job"]), ["signal", "0", ""]);
    assert!(pane.process().is_dead() && orphan.is_dead());
    assert_no_leftovers(&fleet, "coder0");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
}

#[test]
fn stop_between_two_sidecars_ends_the_agent() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestartSec=1h\n");
    let unit = UnitFleet::unit("coder0");
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    fleet.manager().wait_property(&unit, "SubState", "auto-restart");
    assert!(!pane.process().is_dead());
    fleet.manager().systemctl_ok(&["stop", &unit]);
    pane.process().wait();
    orphan.wait();
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["status"] == "stopped");
    assert_no_leftovers(&fleet, "coder0");
}

#[test]
fn an_agent_is_ended_if_systemd_does_not_restart_its_sidecar() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Unit]\nStartLimitBurst=1\n");
    let pane = fleet.start("coder0");
    let orphan = spawn_orphan(&pane);
    fleet.sidecar("coder0").signal(Signal::KILL.as_raw());
    fleet.wait_state("coder0", "failed");
    pane.process().wait();
    orphan.wait();
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["status"] == "stopped");
    assert_no_leftovers(&fleet, "coder0");
}

#[test]
fn restart_makes_a_new_process_and_the_next_generation() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let old = fleet.start("coder0");
    let orphan = spawn_orphan(&old);
    fleet.manager().systemctl_ok(&["restart", &UnitFleet::unit("coder0")]);
    assert!(old.process().is_dead() && orphan.is_dead());
    let new = fleet.fleet().pane("coder0");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_ne!(new.pid(), old.pid());
    assert_eq!((&*beat["pid"], &*beat["gen"], &*beat["status"]), (&*new.pid().to_string(), "2", "ok"));
    assert_eq!(fleet.state("coder0"), "active");
}

#[test]
fn stop_during_a_start_leaves_no_agent() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let unit = UnitFleet::unit("coder0");
    let ran = fleet.fleet().home().join("ran");
    fleet.settings("coder0", &format!("touch {}; {}", ran.display(), fleet.test_agent_command("coder0")), "");
    fleet.manager().systemctl_ok(&["start", UnitFleet::HOLDER]);
    // The launcher waits for tmux to create the session.
    let server = fleet.server();
    server.signal(Signal::STOP.as_raw());
    fleet.manager().systemctl_ok(&["start", "--no-block", &unit]);
    let asks_tmux =
        |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.starts_with("tmux"));
    while !fleet.manager().processes_of(&unit).iter().any(asks_tmux) {
        assert_eq!(fleet.state("coder0"), "activating");
    }
    let _ = fleet.manager().systemctl(&["stop", &unit]);
    assert_eq!(fleet.show("coder0", ["ActiveState", "MainPID", "Job"]), ["inactive", "0", ""]);
    assert_eq!(fleet.manager().processes_of(&unit), Vec::<u32>::new());
    server.signal(Signal::CONT.as_raw());
    // When tmux answers this, it has processed all earlier requests.
    assert!(fleet.sessions().contains(&"_holder".to_owned()));
    assert!(!ran.exists(), "the agent's command ran");
    assert_eq!(fleet.fleet().heartbeat("coder0"), None);
    // The next start succeeds despite leftovers of the stopped one.
    fleet.start("coder0");
    assert_eq!(fleet.state("coder0"), "active");
}
