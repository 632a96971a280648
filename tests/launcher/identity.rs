//! Process identity: neither a reader nor the sidecar nor the next start takes a recycled PID or an ended process for
//! the agent.

use mosaic_domain::ProcessIdentity;
use mosaic_harness::{Binaries, Deadline, Fleet, PaneProcess, PidNamespace, ProcessWatch};
use mosaic_process::{Liveness, PidFd, ProcRoot};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

const SIGKILL: i32 = 9;
const SIGCHLD: i32 = 17;
const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;

fn start(fleet: &Fleet) -> PaneProcess {
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    fleet.pane("coder0")
}

/// The process that the heartbeat names, and its liveness, as a reader finds them.
fn read_process(fleet: &Fleet) -> (ProcessIdentity, Liveness) {
    let beat = mosaic_heartbeat::read(&fleet.heartbeat_path("coder0")).unwrap().expect("a heartbeat");
    let process = beat.process().expect("version 2");
    (process, ProcRoot::default().liveness(&process).unwrap())
}

fn shown(fleet: &Fleet, format: &str) -> String {
    let shown = fleet.tmux(&["display-message", "-p", "-t", "=coder0:", format]);
    String::from_utf8(shown.stdout).unwrap().trim().to_owned()
}

fn server(fleet: &Fleet) -> ProcessWatch {
    ProcessWatch::new(shown(fleet, "#{pid}").parse().unwrap()).unwrap()
}

fn kill(process: &ProcessWatch) {
    process.signal(SIGKILL);
    process.wait();
}

/// Polls until tmux has reaped an ended process, so that its PID is free. tmux occasionally misses a SIGCHLD, so
/// the signal is repeated.
fn wait_until_free(pid: u32, server: &ProcessWatch) {
    let deadline = Deadline::default();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(!deadline.passed(), "{pid} is not free");
        server.signal(SIGCHLD);
        std::thread::yield_now();
    }
    // Start times are counted in clock ticks: within one tick, two processes with the same PID cannot be
    // distinguished.
    let tick = || mosaic_process::since_boot().as_millis() / 10;
    let last = tick();
    while tick() == last {
        std::thread::yield_now();
    }
}

/// `agent-sidecar` as the launcher starts it for the process of a heartbeat, which must have no other sidecar, but with
/// the given start time.
fn sidecar(fleet: &Fleet, beat: &BTreeMap<String, String>, start_ticks: u64) -> Command {
    let mut command = fleet.command(Binaries::product("agent-sidecar"));
    command.args(["agent=coder0", "tmux=tmux", &format!("start={start_ticks}")]);
    command.args([format!("pid={}", beat["pid"]), format!("gen={}", beat["gen"]), format!("seq={}", beat["seq"])]);
    command.args([format!("pane={}", shown(fleet, "#{pane_id}")), format!("server={}", shown(fleet, "#{pid}"))]);
    command
}

/// The sequence number of a heartbeat.
fn sequence(beat: &BTreeMap<String, String>) -> u64 {
    beat["seq"].parse().unwrap()
}

#[test]
fn neither_a_reader_nor_a_start_takes_a_recycled_pid_for_the_agent() {
    PidNamespace::run("identity::neither_a_reader_nor_a_start_takes_a_recycled_pid_for_the_agent", |namespace| {
        let fleet = Fleet::new();
        let pane = start(&fleet);
        assert_eq!(read_process(&fleet).1, Liveness::Alive);
        kill(&fleet.sidecar("coder0"));
        pane.exit(0);
        wait_until_free(pane.pid(), &server(&fleet));
        assert_eq!(read_process(&fleet).1, Liveness::Gone);

        let mut impostor = namespace.spawn_as(pane.pid(), "exec sleep 1000");
        // A reader that trusts a bare PID and the line `status=ok` would take the agent for alive.
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((beat["pid"].clone(), beat["status"].as_str()), (impostor.id().to_string(), "ok"));
        let (process, liveness) = read_process(&fleet);
        assert_eq!((liveness, liveness.is_alive()), (Liveness::Recycled, false));
        assert!(PidFd::open_identity(&ProcRoot::default(), &process).unwrap().is_none());

        // The next start makes a new agent and leaves the impostor alone.
        let again = start(&fleet);
        assert_ne!(again.pid(), impostor.id());
        assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
        assert_eq!(read_process(&fleet).1, Liveness::Alive);
        assert!(impostor.try_wait().unwrap().is_none(), "the impostor was left alone");
        kill(&ProcessWatch::new(impostor.id()).unwrap());
        impostor.wait().unwrap();
    });
}

#[test]
fn a_sidecar_never_reports_ok_for_a_recycled_pid() {
    PidNamespace::run("identity::a_sidecar_never_reports_ok_for_a_recycled_pid", |namespace| {
        let fleet = Fleet::new();
        let pane = start(&fleet);
        let start_ticks = read_process(&fleet).0.start_ticks;
        kill(&fleet.sidecar("coder0"));
        pane.exit(7);
        wait_until_free(pane.pid(), &server(&fleet));
        let mut impostor = namespace.spawn_as(pane.pid(), "exec sleep 1000");
        let before = fleet.heartbeat("coder0").unwrap();

        let mut child = sidecar(&fleet, &before, start_ticks).stdout(Stdio::null()).spawn().unwrap();
        // If it took the impostor for the agent, it would never end.
        ProcessWatch::new(child.id()).unwrap().wait();
        assert_eq!(child.wait().unwrap().code(), Some(7));
        let after = fleet.heartbeat("coder0").unwrap();
        assert_eq!((after["status"].as_str(), after["exit"].as_str()), ("exited", "code:7"));
        // There was exactly one heartbeat in between.
        assert_eq!((after["gen"].as_str(), sequence(&after)), ("1", sequence(&before) + 1));
        assert!(impostor.try_wait().unwrap().is_none(), "the impostor was left alone");
        kill(&ProcessWatch::new(impostor.id()).unwrap());
        impostor.wait().unwrap();
    });
}

#[test]
fn the_exit_of_a_recycled_pid_is_not_reported_as_the_agents() {
    PidNamespace::run("identity::the_exit_of_a_recycled_pid_is_not_reported_as_the_agents", |namespace| {
        let fleet = Fleet::new();
        // The interval is so long that no regular heartbeat is written.
        fleet.launch("coder0").command(fleet.agent_command("coder0")).interval("86400").succeed();
        let (pane, sidecar) = (fleet.pane("coder0"), fleet.sidecar("coder0"));
        let before = fleet.heartbeat("coder0").unwrap();
        // The sidecar is so slow that before it wakes, its agent's PID belongs to another process, which has
        // ended as well and has an exit status.
        sidecar.signal(SIGSTOP);
        pane.exit(7);
        wait_until_free(pane.pid(), &server(&fleet));
        let mut impostor = namespace.spawn_as(pane.pid(), "exit 42");
        ProcessWatch::new(impostor.id()).unwrap().wait();
        sidecar.signal(SIGCONT);
        sidecar.wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((beat["status"].as_str(), beat["exit"].as_str()), ("exited", "code:7"));
        assert_eq!(sequence(&beat), sequence(&before) + 1, "exactly one heartbeat was written");
        assert_eq!(impostor.wait().unwrap().code(), Some(42));
    });
}

#[test]
fn a_sidecar_with_a_wrong_start_time_rebinds_to_the_pane_process() {
    let fleet = Fleet::new();
    let pane = start(&fleet);
    kill(&fleet.sidecar("coder0"));
    let before = fleet.heartbeat("coder0").unwrap();
    let (process, _) = read_process(&fleet);
    // As if the pane had been respawned, and the new process had the PID of the old one.
    let mut child = sidecar(&fleet, &before, process.start_ticks - 100).stdout(Stdio::null()).spawn().unwrap();
    let beat = fleet.wait_heartbeat("coder0", |beat| {
        // It must never write `ok` for a process that does not exist.
        assert!(beat["status"] != "ok" || beat["start"] == process.start_ticks.to_string(), "{beat:#?}");
        beat["sidecar"] == child.id().to_string()
    });
    assert_eq!((beat["gen"].as_str(), beat["seq"].as_str()), ("2", "1"), "a new process is a new generation");
    assert_eq!(read_process(&fleet), (process, Liveness::Alive));
    pane.exit(7);
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "code:7");
}

#[test]
fn a_zombie_is_not_alive() {
    let fleet = Fleet::new();
    let pane = start(&fleet);
    let (server, sidecar) = (server(&fleet), fleet.sidecar("coder0"));
    // The stopped tmux does not reap its child, which stays a zombie.
    server.signal(SIGSTOP);
    pane.process().signal(SIGKILL);
    pane.process().wait();
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] != "ok");
    assert_eq!(
        (beat["status"].as_str(), beat["exit"].as_str()),
        ("exited", "signal:9"),
        "the exit is known without tmux"
    );
    assert_eq!(read_process(&fleet).1, Liveness::Zombie);
    assert!(!read_process(&fleet).1.is_alive());
    server.signal(SIGCONT);
    sidecar.wait();
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "signal:9");
}

#[test]
fn a_zombie_is_not_adopted() {
    let fleet = Fleet::new();
    let pane = start(&fleet);
    let server = server(&fleet);
    kill(&fleet.sidecar("coder0"));
    server.signal(SIGSTOP);
    pane.process().signal(SIGKILL);
    pane.process().wait();
    // The start waits for tmux, which may or may not have reaped its child when it answers.
    let launched = fleet.launch("coder0").command(fleet.agent_command("coder0")).begin();
    assert_eq!(read_process(&fleet).1, Liveness::Zombie);
    server.signal(SIGCONT);
    let output = launched.finish(Deadline::default());
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_ne!(fleet.pane("coder0").pid(), pane.pid());
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
}
