//! `mosaic fleet start`, `stop` and `restart` without a user manager, as in a container or in CI.

use mosaic_harness::{Binaries, Deadline, Fleet, ProcessWatch, SmallDisk, is_root_or_skip};
use rustix::process::Signal;
use std::process::Output;

/// A fleet with a roster of these agents, each with its env file.
fn fleet_with(agents: &[&str]) -> Fleet {
    let fleet = Fleet::new();
    write_roster(&fleet, agents, "");
    for agent in agents {
        fleet.write_env_file(agent, &format!("MOSAIC_AGENT_COMMAND={}\n", fleet.agent_command(agent)));
    }
    fleet
}

fn write_roster(fleet: &Fleet, agents: &[&str], further: &str) {
    let entry = |name: &&str| format!("  - name: {name}\n    runtime: pi\n    class: implementer\n{further}");
    let entries = agents.iter().map(entry).collect::<Vec<_>>().concat();
    let socket = fleet.tmux_socket();
    let roster = format!("version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\nagents:\n{entries}");
    let directory = fleet.mosaic_home().join("fleet");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("roster.yaml"), roster).unwrap();
}

fn mosaic(fleet: &Fleet, words: &[&str]) -> Output {
    fleet.command(Binaries::mosaic()).arg("fleet").args(words).output().unwrap()
}

fn mosaic_ok(fleet: &Fleet, words: &[&str]) -> String {
    let output = mosaic(fleet, words);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("NOTE: ") && stderr.lines().count() == 1,
        "one note about the missing manager: {stderr}"
    );
    String::from_utf8(output.stdout).unwrap()
}

fn line_of<'a>(answer: &'a str, subject: &str) -> &'a str {
    let named = |line: &&str| line.split_whitespace().nth(1) == Some(subject);
    answer.lines().find(named).unwrap_or_else(|| panic!("no line about {subject}: {answer}"))
}

#[test]
fn start_starts_holder_and_agents_and_is_idempotent() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    let answer = mosaic_ok(&fleet, &["start"]);
    for subject in ["(holder)", "coder0", "coder1"] {
        assert!(line_of(&answer, subject).contains("started in "), "{answer}");
    }
    assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"]);
    let pane = fleet.pane("coder0");
    assert_eq!(fleet.heartbeat("coder0").unwrap()["pid"], pane.pid().to_string());
    let again = mosaic_ok(&fleet, &["start"]);
    assert!(line_of(&again, "coder0").contains("already running"), "{again}");
    assert!(!again.contains("(holder)"), "{again}");
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "1");
}

/// A second server on the same socket would hide the first one, in which the agents run.
#[test]
fn a_server_without_its_socket_is_found_and_not_replaced() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    mosaic_ok(&fleet, &["start", "coder0"]);
    let pane = fleet.pane("coder0");
    let server = fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout;
    let directory = std::path::PathBuf::from(&fleet.environment()["TMUX_TMPDIR"]);
    let sockets = std::fs::read_dir(directory).unwrap().next().unwrap().unwrap().path();
    for words in [&["start"][..], &["restart", "coder1"]] {
        std::fs::remove_dir_all(&sockets).unwrap();
        let output = mosaic(&fleet, words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!pane.process().is_dead());
        assert_eq!(fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout, server);
        assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"]);
    }
    std::fs::remove_dir_all(&sockets).unwrap();
    assert_eq!(mosaic(&fleet, &["stop"]).status.code(), Some(0));
    assert!(pane.process().is_dead());
    assert_eq!(fleet.processes(), [0; 0]);
}

#[test]
fn a_full_run_directory_is_named_once_and_a_restart_is_refused() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = fleet_with(&["coder0", "coder1"]);
    for agent in ["coder0", "coder1"] {
        let command = fleet.agent_command(agent);
        fleet.write_env_file(agent, &format!("MOSAIC_AGENT_COMMAND={command}\nMOSAIC_HEARTBEAT_INTERVAL=0.2\n"));
    }
    let disk = SmallDisk::mount(fleet.run_directory());
    mosaic_ok(&fleet, &["start"]);
    let pane = fleet.pane("coder0");
    disk.fill();
    let snapshot =
        || -> serde_json::Value { serde_json::from_slice(&mosaic(&fleet, &["ps", "--json"]).stdout).unwrap() };
    let wait_condition = |expected: &str| {
        let deadline = Deadline::default();
        loop {
            let snapshot = snapshot();
            let agents = snapshot["agents"].as_array().unwrap();
            if agents.iter().all(|agent| agent["condition"] == expected) {
                return snapshot;
            }
            assert!(!deadline.passed(), "{snapshot:#}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    let full = wait_condition("stale");
    let reason = full["agents"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("no space is left in"), "{reason}");
    let of_heartbeats: Vec<_> =
        full["drift"].as_array().unwrap().iter().filter(|item| item["kind"] == "stale-heartbeat").collect();
    assert_eq!(of_heartbeats.len(), 1, "{of_heartbeats:#?}");
    assert!(of_heartbeats[0]["detail"].as_str().unwrap().contains("coder0, coder1"), "{of_heartbeats:#?}");
    assert!(of_heartbeats[0]["command"].is_null());
    let output = mosaic(&fleet, &["restart", "coder0"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    disk.free();
    wait_condition("up");
    assert!(!pane.process().is_dead());
    mosaic_ok(&fleet, &["stop"]);
}

#[test]
fn a_restart_without_the_program_is_refused() {
    let fleet = fleet_with(&["coder0"]);
    mosaic_ok(&fleet, &["start"]);
    let pane = fleet.pane("coder0");
    fleet.write_env_file("coder0", "MOSAIC_AGENT_COMMAND=exec /nonexistent/agent\n");
    let output = mosaic(&fleet, &["restart"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(!pane.process().is_dead());
}

#[test]
fn a_direct_start_sets_the_fleet_options_on_the_server() {
    let fleet = fleet_with(&["coder0"]);
    mosaic_ok(&fleet, &["start"]);
    for (scope, name, value) in mosaic_tmux::FLEET_OPTIONS {
        let shown = fleet.tmux(&["show-options", &format!("{scope}v"), name]);
        assert_eq!(String::from_utf8(shown.stdout).unwrap().trim(), value, "{name}");
    }
}

#[test]
fn stop_without_names_stops_agents_that_left_the_roster() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    mosaic_ok(&fleet, &["start"]);
    let forgotten = fleet.pane("coder1");
    write_roster(&fleet, &["coder0"], "");
    let answer = mosaic_ok(&fleet, &["stop"]);
    assert!(line_of(&answer, "coder1").contains("stopped in "), "{answer}");
    assert!(forgotten.process().is_dead());
    assert_eq!(fleet.sessions(), [""; 0]);
}

#[test]
fn stop_with_a_name_keeps_the_others_and_stop_without_names_leaves_no_process() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    mosaic_ok(&fleet, &["start"]);
    let (first, second) = (fleet.pane("coder0"), fleet.pane("coder1"));
    let answer = mosaic_ok(&fleet, &["stop", "coder0"]);
    assert!(line_of(&answer, "coder0").contains("stopped in "), "{answer}");
    assert!(first.process().is_dead() && !second.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder", "coder1"]);
    let left = fleet.processes();
    let answer = mosaic_ok(&fleet, &["stop"]);
    assert!(line_of(&answer, "coder0").contains("not running"), "{answer}");
    assert!(answer.lines().last().unwrap().contains("(holder)"), "{answer}");
    assert!(second.process().is_dead());
    assert_eq!(fleet.heartbeat("coder1").unwrap()["status"], "stopped");
    // The server and the holder's own process end shortly after the session.
    left.into_iter().filter_map(|pid| ProcessWatch::new(pid).ok()).for_each(|process| process.wait());
    assert_eq!(fleet.processes(), Vec::<u32>::new());
}

#[test]
fn stop_without_names_keeps_unmanaged_sessions() {
    let fleet = fleet_with(&["coder0"]);
    mosaic_ok(&fleet, &["start"]);
    assert!(fleet.tmux(&["new-session", "-d", "-s", "scratch", "sleep", "1000"]).status.success());
    mosaic_ok(&fleet, &["stop"]);
    assert_eq!(fleet.sessions(), ["scratch"]);
}

#[test]
fn stop_ends_an_agent_without_a_sidecar() {
    let fleet = fleet_with(&["coder0"]);
    mosaic_ok(&fleet, &["start"]);
    let pane = fleet.pane("coder0");
    pane.ignore_termination();
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(Signal::KILL.as_raw());
    sidecar.wait();
    let answer = mosaic_ok(&fleet, &["stop", "coder0"]);
    assert!(line_of(&answer, "coder0").contains("stopped in "), "{answer}");
    assert!(pane.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder"]);
}

#[test]
fn restart_makes_new_processes_and_starts_stopped_agents() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    mosaic_ok(&fleet, &["start", "coder0"]);
    let old = fleet.pane("coder0");
    let answer = mosaic_ok(&fleet, &["restart"]);
    assert!(line_of(&answer, "coder0").contains("restarted in "), "{answer}");
    assert!(line_of(&answer, "coder1").contains("started in "), "{answer}");
    assert!(old.process().is_dead());
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
}

#[test]
fn a_failed_start_is_reported_with_its_exit_and_the_others_run() {
    let fleet = fleet_with(&["coder0", "coder1"]);
    fleet.write_env_file("coder0", "MOSAIC_AGENT_COMMAND=echo no API key; exit 7\n");
    let output = mosaic(&fleet, &["start"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer = String::from_utf8(output.stdout).unwrap();
    let line = line_of(&answer, "coder0");
    assert!(line.contains("failed: the command ended at once, exited with code 7"), "{line}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no API key"));
    assert!(line_of(&answer, "coder1").contains("started in "), "{answer}");
    assert_eq!(fleet.sessions(), ["_holder", "coder1"]);
}

#[test]
fn a_direct_start_before_the_install_follows_the_roster() {
    let fleet = Fleet::new();
    let directory = fleet.home().join("src");
    let further =
        format!("    command: {}\n    working_directory: {}\n", fleet.agent_command("coder0"), directory.display());
    write_roster(&fleet, &["coder0"], &further);
    // If an agent runs the command, the environment has the settings of that agent.
    let mut start = fleet.command(Binaries::mosaic());
    start.args(["fleet", "start"]).env("MOSAIC_AGENT_NAME", "other").env("MOSAIC_AGENT_WORKDIR", "/nowhere/else");
    let output =
        start.env("MOSAIC_AGENT_COMMAND", "exit 9").env("MOSAIC_HEARTBEAT_INTERVAL", "nonsense").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let pane = fleet.pane("coder0");
    assert_eq!(std::fs::read_link(format!("/proc/{}/cwd", pane.pid())).unwrap(), directory);
    assert_eq!(fleet.heartbeat("coder0").unwrap()["interval"], "15");
}
