//! Which process is meant: a PID that somebody else has by now, and a process that has ended, are
//! never taken for the agent, neither by a reader nor by the sidecar nor by the next start.

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

/// What a reader takes from the heartbeat, and what became of that process.
fn as_a_reader(fleet: &Fleet) -> (ProcessIdentity, Liveness) {
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

/// Waits until tmux has waited for a process that has ended, so that its PID is free. Nobody is told
/// of that, so this asks again and again; and tmux now and then misses that a child has ended, so it
/// is told again too.
fn wait_until_free(pid: u32, server: &ProcessWatch) {
    let deadline = Deadline::default();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(!deadline.passed(), "{pid} is not free");
        server.signal(SIGCHLD);
        std::thread::yield_now();
    }
    // Start times count in ticks of the clock: within one, the next process is the same by all that
    // the kernel tells of it.
    let tick = || mosaic_process::since_boot().as_millis() / 10;
    let last = tick();
    while tick() == last {
        std::thread::yield_now();
    }
}

/// `agent-sidecar` as the launcher starts it, for the process of a heartbeat, but with this start
/// time, and one that nobody else watches.
fn sidecar(fleet: &Fleet, beat: &BTreeMap<String, String>, start_ticks: u64) -> Command {
    let mut command = fleet.command(Binaries::product("agent-sidecar"));
    command.args(["agent=coder0", "tmux=tmux", &format!("start={start_ticks}")]);
    command.args([format!("pid={}", beat["pid"]), format!("gen={}", beat["gen"]), format!("seq={}", beat["seq"])]);
    command.args([format!("pane={}", shown(fleet, "#{pane_id}")), format!("server={}", shown(fleet, "#{pid}"))]);
    command
}

/// How many beats there were up to this one.
fn count(beat: &BTreeMap<String, String>) -> u64 {
    beat["seq"].parse().unwrap()
}

#[test]
fn a_recycled_pid_is_not_the_agent_to_a_reader_nor_to_the_next_start() {
    PidNamespace::run("identity::a_recycled_pid_is_not_the_agent_to_a_reader_nor_to_the_next_start", |namespace| {
        let fleet = Fleet::new();
        let pane = start(&fleet);
        assert_eq!(as_a_reader(&fleet).1, Liveness::Alive);
        kill(&fleet.sidecar("coder0"));
        pane.exit(0);
        wait_until_free(pane.pid(), &server(&fleet));
        assert_eq!(as_a_reader(&fleet).1, Liveness::Gone);

        let mut impostor = namespace.spawn_as(pane.pid(), "exec sleep 1000");
        // To a reader that trusts a bare PID, and the line `status=ok`, the agent is alive.
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((beat["pid"].clone(), beat["status"].as_str()), (impostor.id().to_string(), "ok"));
        let (process, liveness) = as_a_reader(&fleet);
        assert_eq!((liveness, liveness.is_alive()), (Liveness::Recycled, false));
        assert!(PidFd::open_identity(&ProcRoot::default(), &process).unwrap().is_none());

        // The next start takes the session for what it is, and harms nobody.
        let again = start(&fleet);
        assert_ne!(again.pid(), impostor.id());
        assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
        assert_eq!(as_a_reader(&fleet).1, Liveness::Alive);
        assert!(impostor.try_wait().unwrap().is_none(), "the impostor was left alone");
        kill(&ProcessWatch::new(impostor.id()).unwrap());
        impostor.wait().unwrap();
    });
}

#[test]
fn a_sidecar_whose_process_is_gone_never_says_ok_of_the_one_that_has_its_pid() {
    PidNamespace::run("identity::a_sidecar_whose_process_is_gone_never_says_ok_of_the_one_that_has_its_pid", |namespace| {
        let fleet = Fleet::new();
        let pane = start(&fleet);
        let start_ticks = as_a_reader(&fleet).0.start_ticks;
        kill(&fleet.sidecar("coder0"));
        pane.exit(7);
        wait_until_free(pane.pid(), &server(&fleet));
        let mut impostor = namespace.spawn_as(pane.pid(), "exec sleep 1000");
        let before = fleet.heartbeat("coder0").unwrap();

        let mut child = sidecar(&fleet, &before, start_ticks).stdout(Stdio::null()).spawn().unwrap();
        // If it took the impostor for the agent it would watch it for ever.
        ProcessWatch::new(child.id()).unwrap().wait();
        assert_eq!(child.wait().unwrap().code(), Some(7));
        let after = fleet.heartbeat("coder0").unwrap();
        assert_eq!((after["status"].as_str(), after["exit"].as_str()), ("exited", "code:7"));
        // There was no other one in between that nobody has seen.
        assert_eq!((after["gen"].as_str(), count(&after)), ("1", count(&before) + 1));
        assert!(impostor.try_wait().unwrap().is_none(), "the impostor was left alone");
        kill(&ProcessWatch::new(impostor.id()).unwrap());
        impostor.wait().unwrap();
    });
}

#[test]
fn the_end_of_an_impostor_is_not_taken_for_the_agents() {
    PidNamespace::run("identity::the_end_of_an_impostor_is_not_taken_for_the_agents", |namespace| {
        let fleet = Fleet::new();
        // No beat comes because it is time for one.
        fleet.launch("coder0").command(fleet.agent_command("coder0")).interval("86400").succeed();
        let (pane, sidecar) = (fleet.pane("coder0"), fleet.sidecar("coder0"));
        let before = fleet.heartbeat("coder0").unwrap();
        // So slow a sidecar that its agent's PID belongs to somebody else before it looks, who has
        // ended as well, and can be asked how.
        sidecar.signal(SIGSTOP);
        pane.exit(7);
        wait_until_free(pane.pid(), &server(&fleet));
        let mut impostor = namespace.spawn_as(pane.pid(), "exit 42");
        ProcessWatch::new(impostor.id()).unwrap().wait();
        sidecar.signal(SIGCONT);
        sidecar.wait();
        let beat = fleet.heartbeat("coder0").unwrap();
        assert_eq!((beat["status"].as_str(), beat["exit"].as_str()), ("exited", "code:7"));
        assert_eq!(count(&beat), count(&before) + 1, "and it has not said anything else in between");
        assert_eq!(impostor.wait().unwrap().code(), Some(42));
    });
}

#[test]
fn a_sidecar_with_a_wrong_start_time_binds_itself_to_what_the_pane_really_runs() {
    let fleet = Fleet::new();
    let pane = start(&fleet);
    kill(&fleet.sidecar("coder0"));
    let before = fleet.heartbeat("coder0").unwrap();
    let (process, _) = as_a_reader(&fleet);
    // As if the pane had been respawned, and the new process had the PID of the old one.
    let mut child = sidecar(&fleet, &before, process.start_ticks - 100).stdout(Stdio::null()).spawn().unwrap();
    let beat = fleet.wait_heartbeat("coder0", |beat| {
        // Whatever it writes, it never says ok of a process that there is not.
        assert!(beat["status"] != "ok" || beat["start"] == process.start_ticks.to_string(), "{beat:#?}");
        beat["sidecar"] == child.id().to_string()
    });
    assert_eq!((beat["gen"].as_str(), beat["seq"].as_str()), ("2", "1"), "a new process is a new generation");
    assert_eq!(as_a_reader(&fleet), (process, Liveness::Alive));
    pane.exit(7);
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "code:7");
}

#[test]
fn a_zombie_is_not_alive() {
    let fleet = Fleet::new();
    let pane = start(&fleet);
    let (server, sidecar) = (server(&fleet), fleet.sidecar("coder0"));
    // tmux, which is stopped, does not wait for its child: a zombie it is, and stays.
    server.signal(SIGSTOP);
    pane.process().signal(SIGKILL);
    pane.process().wait();
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] != "ok");
    assert_eq!((beat["status"].as_str(), beat["exit"].as_str()), ("exited", "signal:9"), "without tmux's word");
    assert_eq!(as_a_reader(&fleet).1, Liveness::Zombie);
    assert!(!as_a_reader(&fleet).1.is_alive());
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
    // The start waits for tmux. By the time tmux answers it may have seen the end of its child or not.
    let launched = fleet.launch("coder0").command(fleet.agent_command("coder0")).begin();
    assert_eq!(as_a_reader(&fleet).1, Liveness::Zombie);
    server.signal(SIGCONT);
    let output = launched.finish(Deadline::default());
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_ne!(fleet.pane("coder0").pid(), pane.pid());
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "2");
}
