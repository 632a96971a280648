//! The tmux server is killed or stopped: every agent restarts by itself.

use mosaic_harness::{PaneProcess, ProcessWatch, UnitFleet};
use rustix::process::Signal;
use std::time::Instant;

const HOLDER: &str = UnitFleet::HOLDER;

fn start_all(fleet: &UnitFleet, agents: &[String]) -> Vec<PaneProcess> {
    for agent in agents {
        fleet.settings(agent, &fleet.test_agent_command(agent), "");
    }
    let units: Vec<String> = agents.iter().map(|agent| UnitFleet::unit(agent)).collect();
    let arguments: Vec<&str> = ["start"].into_iter().chain(units.iter().map(String::as_str)).collect();
    fleet.manager().systemctl_ok(&arguments);
    agents.iter().map(|agent| fleet.fleet().pane(agent)).collect()
}

fn assert_restarted(fleet: &UnitFleet, agent: &str, old: &PaneProcess) {
    let beat = fleet.fleet().wait_heartbeat(agent, |beat| beat["gen"] == "2" && beat["status"] == "ok");
    fleet.wait_state(agent, "active");
    let new = fleet.fleet().pane(agent);
    assert!(old.process().is_dead() && !new.process().is_dead(), "{agent}");
    assert_ne!(new.pid(), old.pid());
    assert_eq!(beat["pid"], new.pid().to_string());
    assert!(fleet.manager().processes_of(&UnitFleet::unit(agent)).contains(&new.pid()), "{agent}");
}

/// An unrelated tmux server on another socket in the same directory.
struct Neighbour<'a> {
    fleet: &'a UnitFleet,
    socket: &'a str,
    processes: Vec<ProcessWatch>,
}

impl<'a> Neighbour<'a> {
    fn start(fleet: &'a UnitFleet, socket: &'a str) -> Self {
        let mut this = Self { fleet, socket, processes: Vec::new() };
        this.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "coder0", "sleep 600"]);
        let pids = this.tmux(&["list-panes", "-a", "-F", "#{pid}\n#{pane_pid}"]);
        this.processes = pids.lines().map(|pid| ProcessWatch::new(pid.parse().unwrap()).unwrap()).collect();
        assert_eq!(this.processes.len(), 2);
        this
    }

    fn assert_untouched(&self) {
        assert!(self.processes.iter().all(|process| !process.is_dead()), "socket {}", self.socket);
        assert_eq!(self.tmux(&["list-sessions", "-F", "#{session_name}"]), "coder0\n");
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = self.fleet.fleet().command("tmux");
        let output = command.args(["-L", self.socket]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn twenty_agents_restart_after_their_server_was_killed_and_other_servers_are_untouched() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let neighbours = ["default", "other"].map(|socket| Neighbour::start(&fleet, socket));
    let agents: Vec<String> = (0..20).map(|number| format!("coder{number}")).collect();
    let old = start_all(&fleet, &agents);
    let server = fleet.server();

    let killed = Instant::now();
    server.signal(Signal::KILL.as_raw());
    for (agent, old) in agents.iter().zip(&old) {
        assert_restarted(&fleet, agent, old);
    }
    println!("20 agents restarted after {:?}", killed.elapsed());

    let new = fleet.server();
    assert_ne!(new.pid(), server.pid());
    assert_eq!(fleet.manager().show(HOLDER, "MainPID"), new.pid().to_string());
    for agent in &agents {
        assert!(!fleet.manager().processes_of(&UnitFleet::unit(agent)).contains(&new.pid()), "{agent}");
    }
    for neighbour in &neighbours {
        neighbour.assert_untouched();
    }
}

#[test]
fn agents_that_ignore_sighup_do_not_survive_their_server() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let orphan = ProcessWatch::new(pane.spawn_orphan()).unwrap();
    pane.ignore_termination();
    fleet.server().signal(Signal::KILL.as_raw());
    pane.process().wait();
    orphan.wait();
    assert_restarted(&fleet, "coder0", &pane);
}

#[test]
fn a_stop_of_the_holder_stops_the_agents_before_the_server() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let agents = ["coder0".to_owned(), "coder1".to_owned()];
    let panes = start_all(&fleet, &agents);
    let server = fleet.server();
    fleet.manager().systemctl_ok(&["stop", HOLDER]);
    assert!(server.is_dead());
    for (agent, pane) in agents.iter().zip(&panes) {
        assert!(pane.process().is_dead());
        assert_eq!(fleet.state(agent), "inactive");
        // Not `lost`: it was stopped while the server was still running.
        assert_eq!(fleet.fleet().heartbeat(agent).unwrap()["status"], "stopped");
    }
    assert_eq!(fleet.manager().show(HOLDER, "ActiveState"), "inactive");
}

#[test]
fn a_restart_of_the_holder_brings_the_agents_back() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let agents = ["coder0".to_owned(), "coder1".to_owned()];
    let panes = start_all(&fleet, &agents);
    let server = fleet.server();
    fleet.manager().systemctl_ok(&["restart", HOLDER]);
    assert!(server.is_dead());
    for (agent, pane) in agents.iter().zip(&panes) {
        assert_restarted(&fleet, agent, pane);
        let records = fleet.manager().journal(&[&format!("AGENT={agent}")]);
        assert_eq!(records.iter().map(|record| &record["EXIT"]).collect::<Vec<_>>(), ["stopped"]);
    }
}
