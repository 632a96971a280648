//! Starts of an agent: repeated, concurrent, with `--replace`, in the foreground, and beside existing sessions.

use mosaic_harness::{Binaries, Deadline, Fleet, Launch, PaneProcess, ProcessWatch};
use mosaic_process::ProcRoot;
use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Output;
use std::time::Duration;

const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

type Beat = BTreeMap<String, String>;

pub(crate) fn launch<'fleet>(fleet: &'fleet Fleet, agent: &str) -> Launch<'fleet> {
    fleet.launch(agent).command(fleet.agent_command(agent))
}

pub(crate) fn start(fleet: &Fleet, agent: &str) -> PaneProcess {
    launch(fleet, agent).succeed();
    fleet.pane(agent)
}

/// Begins all launches at once and returns their outputs in order.
fn start_all<'fleet>(launches: impl Iterator<Item = Launch<'fleet>>) -> Vec<Output> {
    let begun: Vec<_> = launches.map(|launch| launch.begin()).collect();
    let deadline = Deadline::after(Duration::from_mins(3));
    begun.into_iter().map(|launched| launched.finish(deadline)).collect()
}

fn already_running(fleet: &Fleet, agent: &str) -> String {
    format!("Mosaic agent session already running: {agent} on socket {}\n", fleet.tmux_socket())
}

fn files_with_suffix(fleet: &Fleet, suffix: &str) -> Vec<String> {
    let files = std::fs::read_dir(fleet.run_directory()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(suffix)).collect()
}

fn pane_pid(fleet: &Fleet, agent: &str) -> String {
    let shown = fleet.tmux(&["display-message", "-p", "-t", &format!("={agent}:"), "#{pane_pid}"]);
    String::from_utf8(shown.stdout).unwrap().trim().to_owned()
}

fn is_alive(fleet: &Fleet, agent: &str) -> bool {
    let beat = mosaic_heartbeat::read(&fleet.heartbeat_path(agent)).unwrap().expect("a heartbeat");
    let process = beat.process().expect("version 2");
    beat.status == mosaic_heartbeat::Status::Ok && ProcRoot::default().liveness(&process).unwrap().is_alive()
}

#[test]
fn fifty_concurrent_starts_make_one_agent_with_one_sidecar() {
    let fleet = Fleet::new();
    let outputs = start_all((0..50).map(|_| launch(&fleet, "coder0")));
    for output in &outputs {
        assert!(output.status.success(), "{output:?}");
    }
    let made = outputs.iter().filter(|output| output.stdout.is_empty()).count();
    let found = outputs.iter().filter(|output| output.stdout == already_running(&fleet, "coder0").as_bytes()).count();
    assert_eq!((made, found), (1, 49));
    assert_eq!(fleet.sessions(), ["coder0"]);
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 1);
    assert_eq!(fleet.processes_named("test-agent").len(), 1);
    assert_eq!(files_with_suffix(&fleet, ".hb"), ["coder0.hb"]);
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!((beat["gen"].as_str(), beat["status"].as_str()), ("1", "ok"));
    assert_eq!(beat["pid"], fleet.pane("coder0").pid().to_string());
}

#[test]
fn two_hundred_concurrent_starts_all_succeed() {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..200).map(|number| format!("agent{number}")).collect();
    let outputs = start_all(names.iter().map(|name| fleet.launch(name).command("exec sleep 1000")));
    for (name, output) in names.iter().zip(outputs) {
        assert!(output.status.success(), "{name}: {output:?}");
        assert!(is_alive(&fleet, name), "{name}: {:?}", fleet.heartbeat(name));
    }
    assert_eq!(fleet.sessions().len(), 200);
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 200);
}

#[test]
fn starting_a_running_agent_changes_nothing() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let sidecar = fleet.sidecar("coder0");
    assert_eq!(launch(&fleet, "coder0").command("exec sleep 1000").succeed(), already_running(&fleet, "coder0"));
    assert_eq!(fleet.heartbeat("coder0").unwrap()["sidecar"], sidecar.pid().to_string());
    assert!(!pane.process().is_dead() && !sidecar.is_dead());
    assert_eq!(pane_pid(&fleet, "coder0"), pane.pid().to_string());
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 1);
}

#[test]
fn a_session_made_by_the_bash_launcher_is_adopted_and_gets_a_sidecar() {
    let fleet = Fleet::new();
    let command = fleet.agent_command("coder0");
    assert!(fleet.tmux_server(&["new-session", "-d", "-s", "coder0", &command]).status.success());
    let pane = fleet.pane("coder0");
    assert_eq!(launch(&fleet, "coder0").succeed(), already_running(&fleet, "coder0"));
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!(
        (beat["pid"].clone(), beat["status"].as_str(), beat["gen"].as_str()),
        (pane.pid().to_string(), "ok", "1")
    );
    // Its exit is recorded like any other, although `remain-on-exit` was not set for this pane.
    let sidecar = fleet.sidecar("coder0");
    pane.exit(7);
    sidecar.wait();
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!((beat["status"].as_str(), beat["exit"].as_str()), ("exited", "code:7"));
    assert_eq!(fleet.sessions(), [""; 0]);
}

#[test]
fn a_dead_pane_of_the_same_name_is_removed_first() {
    let fleet = Fleet::new();
    let command = fleet.agent_command("coder0");
    let kept = ["new-session", "-d", "-s", "coder0", &command, ";", "set-option", "-w", "remain-on-exit", "on"];
    assert!(fleet.tmux_server(&kept).status.success());
    let dead = fleet.pane("coder0");
    dead.exit(3);
    assert_eq!(launch(&fleet, "coder0").succeed(), "", "it was not running");
    let pane = fleet.pane("coder0");
    assert_ne!(pane.pid(), dead.pid());
    assert_eq!(pane_pid(&fleet, "coder0"), pane.pid().to_string());
    assert_eq!(fleet.sessions(), ["coder0"]);
    assert!(is_alive(&fleet, "coder0"));
}

#[test]
fn replace_ends_the_old_agent_and_starts_a_new_one() {
    let fleet = Fleet::new();
    let (old, bystander) = (start(&fleet, "coder0"), start(&fleet, "coder01"));
    let sidecar = fleet.sidecar("coder0");
    assert_eq!(launch(&fleet, "coder0").arg("--replace").succeed(), "");
    assert!(old.process().is_dead() && sidecar.is_dead());
    let new = fleet.pane("coder0");
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!(
        (beat["pid"].clone(), beat["status"].as_str(), beat["gen"].as_str()),
        (new.pid().to_string(), "ok", "2")
    );
    assert_eq!(fleet.sessions(), ["coder0", "coder01"]);
    assert!(!bystander.process().is_dead());
}

#[test]
fn replace_ends_an_agent_without_a_sidecar() {
    let fleet = Fleet::new();
    let old = start(&fleet, "coder0");
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(SIGKILL);
    sidecar.wait();
    assert_eq!(launch(&fleet, "coder0").arg("--replace").succeed(), "");
    old.process().wait();
    let beat = fleet.heartbeat("coder0").unwrap();
    assert_eq!((beat["pid"].clone(), beat["gen"].as_str()), (fleet.pane("coder0").pid().to_string(), "2"));
}

#[test]
fn a_detached_start_closes_its_output_pipes() {
    let fleet = Fleet::new();
    // This returns when both pipes have ended, that is, when no process holds them open any longer.
    let output = launch(&fleet, "coder0").output();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    fleet.pane("coder0").print("still here");
    let before = fleet.sidecar("coder0");
    assert!(!before.is_dead() && is_alive(&fleet, "coder0"));
}

#[test]
fn a_pane_respawned_with_its_own_command_keeps_environment_and_directory() {
    let fleet = Fleet::new();
    launch(&fleet, "coder0").env("TOKEN", "first").succeed();
    let mut old = fleet.pane("coder0");
    let sidecar = fleet.sidecar("coder0");
    for generation in ["2", "3"] {
        assert!(fleet.tmux(&["respawn-pane", "-k", "-t", "=coder0:"]).status.success());
        let beat = fleet.wait_heartbeat("coder0", |beat| beat["gen"] == generation);
        old.process().wait();
        old = fleet.pane("coder0");
        assert_eq!((beat["pid"].clone(), beat["status"].as_str()), (old.pid().to_string(), "ok"));
        assert_eq!(old.environment()["TOKEN"], "first");
        assert_eq!(old.working_directory(), fleet.home());
    }
    assert!(!sidecar.is_dead());
    // The sidecar watches the new process: its end is the agent's end.
    fleet.pane("coder0").exit(5);
    sidecar.wait();
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "code:5");
}

#[test]
fn a_pane_respawned_with_another_command_is_rebound() {
    let fleet = Fleet::new();
    let old = start(&fleet, "coder0");
    let command = fleet.agent_command("coder0");
    assert!(fleet.tmux(&["respawn-pane", "-k", "-t", "=coder0:", &command]).status.success());
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    old.process().wait();
    let pane = fleet.pane("coder0");
    assert_eq!((beat["pid"].clone(), beat["status"].as_str()), (pane.pid().to_string(), "ok"));
    let sidecar = fleet.sidecar("coder0");
    pane.kill_self(SIGKILL);
    sidecar.wait();
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "signal:9");
}

#[test]
fn a_pane_respawned_under_a_second_sidecar_gets_the_newer_environment() {
    let fleet = Fleet::new();
    launch(&fleet, "coder0").env("TOKEN", "first").succeed();
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(SIGKILL);
    sidecar.wait();
    launch(&fleet, "coder0").env("TOKEN", "second").succeed();
    let old = fleet.pane("coder0");
    assert!(fleet.tmux(&["respawn-pane", "-k", "-t", "=coder0:"]).status.success());
    fleet.wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    old.process().wait();
    assert_eq!(fleet.pane("coder0").environment()["TOKEN"], "second");
}

#[test]
fn the_users_default_tmux_server_is_never_touched() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let sidecar = fleet.sidecar("coder0");
    launch(&fleet, "coder0").arg("--replace").succeed();
    assert!(pane.process().is_dead() && sidecar.is_dead());
    let mut sockets = std::fs::read_dir(&fleet.environment()["TMUX_TMPDIR"])
        .unwrap()
        .flat_map(|directory| std::fs::read_dir(directory.unwrap().path()).unwrap())
        .map(|socket| socket.unwrap().file_name().into_string().unwrap());
    assert_eq!((sockets.next().as_deref(), sockets.next()), (Some(fleet.tmux_socket()), None));
}

#[test]
fn a_foreground_start_exits_with_the_agents_exit_code() {
    type End = fn(&PaneProcess);
    let fleet = Fleet::new();
    let table: [(End, i32); 4] = [
        (|pane| pane.exit(7), 7),
        (|pane| pane.exit(0), 0),
        (|pane| pane.kill_self(SIGKILL), 137),
        (|pane| pane.exit(255), 255),
    ];
    for (generation, (end, code)) in (1..).zip(table) {
        let launched = launch(&fleet, "coder0").foreground().begin();
        let beat = fleet.wait_heartbeat("coder0", |beat| beat["gen"] == generation.to_string());
        assert_eq!(beat["sidecar"], launched.pid().to_string(), "the started process is the sidecar");
        end(&fleet.pane("coder0"));
        assert_eq!(launched.finish(Deadline::default()).status.code(), Some(code));
        assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "exited");
    }
}

#[test]
fn sigterm_to_a_foreground_start_stops_the_agent_and_exits_with_0() {
    let fleet = Fleet::new();
    let launched = launch(&fleet, "coder0").foreground().begin();
    let pane = fleet.pane("coder0");
    fleet.wait_heartbeat("coder0", |beat| beat["status"] == "ok");
    fleet.sidecar("coder0").signal(SIGTERM);
    let output = launched.finish(Deadline::default());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(pane.process().is_dead());
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "stopped");
    assert_eq!(fleet.sessions(), [""; 0]);
}

/// Names with the prefix `agent`. Each needs its own server: of two sessions that match a prefix, tmux picks
/// neither.
const LONGER: [&str; 3] = ["agent0", "agent-x", "agent_"];

#[test]
fn stopping_an_agent_does_not_stop_one_with_a_longer_name() {
    for longer in LONGER {
        let fleet = Fleet::new();
        let other = start(&fleet, longer);
        // The second time the session is gone before the sidecar removes it: then a bare name, and in
        // some tmux commands `=agent` too, would match the session with the longer name.
        for already_gone in [false, true] {
            let stopped = start(&fleet, "agent");
            let sidecar = fleet.sidecar("agent");
            if already_gone {
                assert!(fleet.tmux(&["kill-session", "-t", "=agent:"]).status.success());
            } else {
                sidecar.signal(SIGTERM);
            }
            sidecar.wait();
            stopped.process().wait();
            assert_eq!(fleet.sessions(), [longer]);
            assert!(!other.process().is_dead() && is_alive(&fleet, longer));
        }
    }
}

#[test]
fn starting_an_agent_does_not_find_one_with_a_longer_name() {
    for longer in LONGER {
        let fleet = Fleet::new();
        let other = start(&fleet, longer);
        for launch in [launch(&fleet, "agent"), launch(&fleet, "agent").arg("--replace")] {
            assert_eq!(launch.succeed(), "");
            assert_ne!(fleet.pane("agent").pid(), other.pid());
            assert_eq!(fleet.sessions(), ["agent", longer]);
            let sidecar = fleet.sidecar("agent");
            sidecar.signal(SIGTERM);
            sidecar.wait();
        }
        assert!(!other.process().is_dead() && is_alive(&fleet, longer));
    }
}

#[test]
fn a_foreground_start_takes_over_from_a_detached_sidecar() {
    let fleet = Fleet::new();
    let pane = start(&fleet, "coder0");
    let (before, detached) = (fleet.heartbeat("coder0").unwrap(), fleet.sidecar("coder0"));
    let launched = launch(&fleet, "coder0").foreground().begin();
    let after = fleet.wait_heartbeat("coder0", |beat| beat["sidecar"] == launched.pid().to_string());
    assert!(detached.is_dead() && !pane.process().is_dead());
    let unchanged = |beat: &Beat| ["pid", "start", "gen", "status"].map(|key| beat[key].clone());
    assert_eq!(unchanged(&after), unchanged(&before));
    assert_eq!(fleet.processes_named("agent-sidecar"), [launched.pid()]);
    // It stays: a detached start finds it.
    assert_eq!(launch(&fleet, "coder0").succeed(), already_running(&fleet, "coder0"));
    pane.exit(7);
    let output = launched.finish(Deadline::default());
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, already_running(&fleet, "coder0").as_bytes());
}

#[test]
fn repeatedly_killed_starts_do_not_block_the_next() {
    let fleet = Fleet::new();
    // Each start is killed 0.5 ms later than the one before.
    for round in 0..40 {
        let killed = launch(&fleet, "coder0").begin();
        let watch = ProcessWatch::new(killed.pid()).unwrap();
        let _ = watch.wait_for(Duration::from_micros(500 * round));
        watch.signal(SIGKILL);
        let _ = killed.finish(Deadline::default());
    }
    launch(&fleet, "coder0").succeed();
    assert!(is_alive(&fleet, "coder0"));
    assert_eq!(fleet.sessions(), ["coder0"]);
    assert_eq!(pane_pid(&fleet, "coder0"), fleet.heartbeat("coder0").unwrap()["pid"]);
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 1);
}

#[test]
fn a_pane_that_waits_for_a_killed_start_is_not_the_agent() {
    let fleet = Fleet::new();
    // The handshake socket of that start, on which its pane waits for its command.
    let name = format!("mosaic-fleet-{:016x}", std::process::id());
    let handshake = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let program = Binaries::product("agent-pane");
    let pane = ["new-session", "-d", "-s", "coder0", program.to_str().unwrap(), &name];
    assert!(fleet.tmux_server(&pane).status.success());
    let connection = handshake.accept().unwrap();
    let launched = launch(&fleet, "coder0").begin();
    // The launcher must not return while the pane waits. Half a second is enough to notice one that does.
    assert!(!ProcessWatch::new(launched.pid()).unwrap().wait_for(Duration::from_millis(500)));
    drop((connection, handshake));
    let output = launched.finish(Deadline::default());
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(is_alive(&fleet, "coder0"));
    assert_eq!(fleet.heartbeat("coder0").unwrap()["pid"], fleet.pane("coder0").pid().to_string());
}
