//! The pane process executes the test's requests.

use mosaic_harness::{Fleet, PaneProcess, ProcessWatch};

fn start(fleet: &Fleet, agent: &str) -> PaneProcess {
    let command = fleet.agent_command(agent);
    let started = fleet.tmux_server(&[
        "new-session",
        "-d",
        "-x",
        "80",
        "-y",
        "24",
        "-s",
        agent,
        &command,
        ";",
        "set-option",
        "-w",
        "remain-on-exit",
        "on",
    ]);
    assert!(started.status.success(), "{started:?}");
    fleet.pane(agent)
}

fn format(fleet: &Fleet, agent: &str, format: &str) -> String {
    let target = format!("={agent}:");
    let output = fleet.tmux(&["display-message", "-p", "-t", &target, format]);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Waits until a format of the pane has a value. tmux 3.3a sometimes misses a SIGCHLD that arrives while it serves a
/// client, and then learns the exit code only with the next one, so this sends it one.
fn wait_format(fleet: &Fleet, agent: &str, expected: &str, what: &str) {
    let deadline = mosaic_harness::Deadline::default();
    let server = format(fleet, agent, "#{pid}").parse().unwrap();
    let server = ProcessWatch::new(server).unwrap();
    while format(fleet, agent, what) != expected {
        let seen = format(fleet, agent, what);
        assert!(!deadline.passed(), "{what} of {agent} is {seen}");
        server.signal(rustix::process::Signal::CHILD.as_raw());
    }
}

#[test]
fn it_is_the_process_of_the_pane() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    assert_eq!(format(&fleet, "coder0", "#{pane_pid}"), pane.pid().to_string());
}

#[test]
fn it_prints_to_the_pane() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    pane.print("working on it\r\n");
    let deadline = mosaic_harness::Deadline::default();
    loop {
        let screen = fleet.tmux(&["capture-pane", "-p", "-t", "=coder0:"]);
        if screen.stdout.starts_with(b"working on it\n") {
            break;
        }
        assert!(!deadline.passed(), "{screen:?}");
    }
}

#[test]
fn pane_returns_the_restarted_process() {
    let fleet = Fleet::new();
    let first = start(&fleet, "coder0");
    first.exit(7);
    assert!(first.process().is_dead());
    wait_format(&fleet, "coder0", "1 7", "#{pane_dead} #{pane_dead_status}");
    let respawned = fleet.tmux(&["respawn-pane", "-t", "=coder0:"]);
    assert!(respawned.status.success(), "{respawned:?}");
    let second = fleet.pane("coder0");
    assert_ne!(second.pid(), first.pid());
    second.exit(0);
    wait_format(&fleet, "coder0", "1 0", "#{pane_dead} #{pane_dead_status}");
}

#[test]
fn it_kills_itself_with_any_signal() {
    for signal in [1, 2, 3, 6, 9, 11, 13, 15] {
        let fleet = Fleet::new();
        let pane = start(&fleet, "coder0");
        pane.ignore_termination();
        pane.kill_self(signal);
        wait_format(&fleet, "coder0", &signal.to_string(), "#{pane_dead_signal}");
    }
}

#[test]
fn it_ignores_termination_on_request() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    pane.ignore_termination();
    for signal in [1, 15, 2] {
        pane.process().signal(signal);
    }
    // The reply proves that the process is alive after the signals.
    assert_eq!(pane.working_directory(), fleet.home());
    let other = start(&fleet, "other");
    other.process().signal(15);
    other.process().wait();
}

#[test]
fn its_orphan_survives_the_session() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let orphan = ProcessWatch::new(pane.spawn_orphan()).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", orphan.pid())).unwrap();
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
    assert_eq!(session, orphan.pid().to_string());
    assert!(fleet.tmux(&["kill-session", "-t", "=coder0:"]).status.success());
    pane.process().wait();
    orphan.signal(15);
    orphan.signal(1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", orphan.pid())).unwrap();
    assert!(!orphan.is_dead(), "{status}");
    drop(fleet);
    assert!(orphan.is_dead());
}

#[test]
fn it_returns_its_environment() {
    let fleet = Fleet::new();
    let command = fleet.agent_command("coder0");
    let started = fleet.tmux_server(&["new-session", "-d", "-s", "coder0", "-e", "TOKEN=a b", &command]);
    assert!(started.status.success(), "{started:?}");
    let environment = fleet.pane("coder0").environment();
    assert_eq!(environment["TOKEN"], "a b");
    assert_eq!(environment["HOME"], fleet.home().to_str().unwrap());
}

#[test]
fn many_processes_connect_at_once() {
    let fleet = Fleet::new();
    let mut started = Vec::new();
    for number in 0..200 {
        let command = fleet.agent_command(&format!("agent{number}"));
        started.push(fleet.command("sh").args(["-c", &command]).spawn().unwrap());
    }
    for (number, child) in started.iter_mut().enumerate() {
        assert_eq!(fleet.pane(&format!("agent{number}")).pid(), child.id());
    }
    drop(fleet);
    for mut child in started {
        child.wait().unwrap();
    }
}
