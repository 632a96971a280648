//! The end of an agent: recorded at once and with its cause, whatever ends it.

use crate::starts::start;
use mosaic_harness::{Fleet, PaneProcess};
use std::collections::BTreeMap;

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

fn status(beat: &BTreeMap<String, String>) -> (&str, Option<&str>) {
    (beat["status"].as_str(), beat.get("exit").map(String::as_str))
}

fn server_pid(fleet: &Fleet) -> u32 {
    let shown = fleet.tmux(&["display-message", "-p", "#{pid}"]);
    String::from_utf8(shown.stdout).unwrap().trim().parse().unwrap()
}

fn run_tmux(fleet: &Fleet, arguments: &[&str]) {
    assert!(fleet.tmux(arguments).status.success(), "{arguments:?}");
}

#[test]
fn a_command_that_ends_at_once_is_a_failed_start() {
    let table = [
        ("true", "code:0", "exited with code 0"),
        ("exit 3", "code:3", "exited with code 3"),
        ("no-such-program --flag", "code:127", "exited with code 127"),
        ("/etc/passwd", "code:126", "exited with code 126"),
        ("kill -9 $$", "signal:9", "was killed by signal 9"),
    ];
    let fleet = Fleet::new();
    let bystander = start(&fleet, "other");
    for (generation, (command, exit, how)) in (1..).zip(table) {
        let output = fleet.launch("coder0").command(command).output();
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(&format!("coder0: the command ended at once, {how}: {command}")), "{stderr}");
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!(status(&beat), ("exited", Some(exit)), "{command}");
        assert_eq!(beat["gen"], generation.to_string());
        assert_eq!(fleet.sessions(), ["other"], "{command}");
    }
    assert!(!bystander.process().is_dead());
}

#[test]
fn the_output_of_a_command_that_ends_at_once_is_printed() {
    let fleet = Fleet::new();
    let output = fleet.launch("coder0").command("echo no API key >&2; exit 2").output();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("no API key\n"), "{stderr}");
    let output = fleet.launch("coder0").command("no-such-program").output();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().next().unwrap().contains("no-such-program"), "{stderr}");
}

#[test]
fn in_the_foreground_a_command_that_ends_at_once_sets_the_exit_code() {
    let fleet = Fleet::new();
    for (command, code, exit) in [("true", 0, "code:0"), ("no-such-program", 127, "code:127")] {
        let output = fleet.launch("coder0").command(command).foreground().output();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(status(&fleet.heartbeat("coder0").unwrap()), ("exited", Some(exit)));
        assert_eq!(fleet.sessions(), [""; 0]);
    }
}

#[test]
fn sigkill_is_recorded_as_signal_9_and_the_session_is_removed() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let sidecar = fleet.sidecar("coder0");
    pane.process().signal(SIGKILL);
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] != "ok");
    assert_eq!(status(&beat), ("exited", Some("signal:9")));
    sidecar.wait();
    assert_eq!(status(&fleet.heartbeat("coder0").unwrap()), ("exited", Some("signal:9")));
    assert_eq!(fleet.sessions(), [""; 0]);
    assert_eq!(fleet.processes_named("agent-sidecar"), [0; 0]);
}

#[test]
fn an_agents_exit_code_is_in_its_last_heartbeat() {
    let fleet = Fleet::new();
    for code in [7, 0, 255] {
        let pane = start(&fleet, "coder0");
        let (sidecar, pid) = (fleet.sidecar("coder0"), pane.pid());
        pane.exit(code);
        sidecar.wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!(status(&beat), ("exited", Some(format!("code:{code}").as_str())));
        assert_eq!(beat["pid"], pid.to_string(), "the heartbeat keeps the PID of the ended process");
        assert_eq!(fleet.sessions(), [""; 0]);
    }
}

#[test]
fn a_descendant_that_holds_the_terminal_does_not_hide_the_agents_end() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let orphan = pane.spawn_orphan();
    let sidecar = fleet.sidecar("coder0");
    pane.exit(7);
    sidecar.wait();
    assert_eq!(status(&fleet.heartbeat("coder0").unwrap()), ("exited", Some("code:7")));
    assert_eq!(fleet.sessions(), [""; 0]);
    assert!(fleet.processes().contains(&orphan), "without a unit, descendants are not ended");
}

#[test]
fn every_kind_of_end_has_its_last_heartbeat() {
    type End = fn(&Fleet, &PaneProcess);
    type Status = (&'static str, Option<&'static str>);
    // Which of the two is recorded depends on whether tmux or the kernel answers first. Both are correct.
    let hangup: &[Status] = &[("lost", None), ("exited", Some("signal:1"))];
    let table: [(&str, End, &[Status]); 10] = [
        ("exit", |_, pane| pane.exit(7), &[("exited", Some("code:7"))]),
        ("SIGKILL", |_, pane| pane.kill_self(SIGKILL), &[("exited", Some("signal:9"))]),
        ("SIGTERM to the agent", |_, pane| pane.process().signal(SIGTERM), &[("exited", Some("signal:15"))]),
        ("SIGTERM", |fleet, _| fleet.sidecar("coder0").signal(SIGTERM), &[("stopped", None)]),
        ("SIGINT", |fleet, _| fleet.sidecar("coder0").signal(SIGINT), &[("stopped", None)]),
        ("kill-session", |fleet, _| run_tmux(fleet, &["kill-session", "-t", "=coder0:"]), hangup),
        ("kill-window", |fleet, _| run_tmux(fleet, &["kill-window", "-t", "=coder0:0"]), hangup),
        ("kill-pane", |fleet, _| run_tmux(fleet, &["kill-pane", "-t", "=coder0:"]), hangup),
        ("kill-server", |fleet, _| run_tmux(fleet, &["kill-server"]), &[("lost", None)]),
        (
            "the server's death",
            |fleet, _| mosaic_harness::ProcessWatch::new(server_pid(fleet)).unwrap().signal(SIGKILL),
            &[("lost", None)],
        ),
    ];
    let fleet = Fleet::new();
    for (name, end, expected) in table {
        let pane = start(&fleet, "coder0");
        let sidecar = fleet.sidecar("coder0");
        end(&fleet, &pane);
        sidecar.wait();
        pane.process().wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert!(expected.contains(&status(&beat)), "{name}: {beat:#?}");
        assert_eq!((beat["pid"].clone(), fleet.sessions()), (pane.pid().to_string(), vec![]), "{name}");
    }
}

#[test]
fn a_killed_tmux_server_makes_all_its_agents_lost() {
    let fleet = Fleet::new();
    let names = ["a", "b", "c", "d", "e"];
    let agents = names.map(|name| (start(&fleet, name), fleet.sidecar(name)));
    // An agent that ignores SIGHUP outlives the server; its sidecar ends it.
    agents[0].0.ignore_termination();
    let server = mosaic_harness::ProcessWatch::new(server_pid(&fleet)).unwrap();
    server.signal(SIGKILL);
    for (name, (_, sidecar)) in names.iter().zip(&agents) {
        sidecar.wait();
        assert_eq!(status(&fleet.heartbeat(name).unwrap()), ("lost", None), "{name}");
    }
    // The agents start again on a new server.
    for name in names {
        let again = start(&fleet, name);
        let beat = fleet.heartbeat(name).unwrap();
        assert_eq!((status(&beat), beat["gen"].as_str()), (("ok", None), "2"));
        assert_eq!(beat["pid"], again.pid().to_string());
    }
}

#[test]
fn an_agent_that_ignores_sighup_and_sigterm_is_killed() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    pane.ignore_termination();
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(SIGTERM);
    sidecar.wait();
    assert!(pane.process().is_dead());
    assert_eq!(status(&fleet.heartbeat("coder0").unwrap()), ("stopped", None));
    assert_eq!(fleet.sessions(), [""; 0]);
}
