//! A long-lived observer of restarting agents leaks no file, thread or child. It runs in a process of its own, because
//! these are counted per process.

use mosaic_harness::{Deadline, RosterFleet, UnitFleet};
use mosaic_probe::snapshot::Condition;
use mosaic_probe::{Depth, FleetLocation, Observer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

const OBSERVATIONS: usize = 300;
const RESTARTS: usize = 5;
/// Set for the process that observes.
const IS_OBSERVER: &str = "MOSAIC_FLEET_TEST_IS_OBSERVER";
/// The full name of the test below, for the process that observes.
const TEST: &str = "observer_leaks::observing_restarting_agents_leaks_nothing";

/// Printed after the first observation.
const STARTED: &str = "started";

/// Open files, threads and children of this process.
fn resources() -> [usize; 3] {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    [count("/proc/self/fd"), count("/proc/self/task"), children.map(|of| of.split_whitespace().count()).sum()]
}

/// Observes at least [`OBSERVATIONS`] times, until standard input is closed and the agent is up.
fn observe_repeatedly() {
    let variable = |name: &str| std::env::var_os(name);
    let paths = FleetLocation::resolve(None, None, variable, &std::env::current_dir().unwrap()).unwrap();
    let target = Arc::new(paths.target(variable).unwrap());
    let mut observer = Observer::default();
    let mut agent = || {
        let snapshot = observer.observe(&target, Depth::Verify).unwrap().snapshot;
        let agent = snapshot.agents.into_iter().find(|agent| agent.name == "coder0").unwrap();
        (agent.condition, agent.session.and_then(|session| session.pane_pid))
    };
    let (first, mut pid) = agent();
    assert_eq!(first, Condition::Up);
    let before = settled(|_| true);
    println!("{STARTED}");
    let mut restarts = 0;
    for nth in 0.. {
        let (condition, seen) = agent();
        // Between the readings of tmux and of the heartbeats, the agent may have started.
        if condition == Condition::Up && seen.is_some() && seen != pid {
            restarts += 1;
            pid = seen;
        }
        if nth >= OBSERVATIONS && restarts > 0 && condition == Condition::Up && is_input_closed() {
            break;
        }
    }
    // Not every restart is observed.
    assert!((1..=RESTARTS).contains(&restarts), "{restarts}");
    assert_eq!(settled(|now| now == before), before, "open files, threads, children");
}

/// The resources once the threads of the last observation have ended.
fn settled(is_expected: impl Fn([usize; 3]) -> bool) -> [usize; 3] {
    let deadline = Deadline::default();
    let mut last = resources();
    loop {
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        let now = resources();
        if (now == last && is_expected(now)) || deadline.passed() {
            return now;
        }
        last = now;
    }
}

fn is_input_closed() -> bool {
    let input = std::io::stdin();
    poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&Timespec::default())).unwrap() > 0
}

#[test]
fn observing_restarting_agents_leaks_nothing() {
    if std::env::var_os(IS_OBSERVER).is_some() {
        return observe_repeatedly();
    }
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let units = fleet.units();
    // The environment of a process selects the fleet.
    let mut observer = units.manager().command(std::env::current_exe().unwrap());
    observer.env(IS_OBSERVER, "1").args(["--exact", TEST, "--nocapture"]);
    let mut observer = observer.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(observer.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with(STARTED)), "it does not observe");
    for _ in 0..RESTARTS {
        let sidecar = units.sidecar("coder0");
        units.fleet().pane("coder0").process().signal(Signal::KILL.as_raw());
        sidecar.wait();
        let _ = units.manager().systemctl(&["reset-failed", &UnitFleet::unit("coder0")]);
        fleet.start(&["coder0"]);
        fleet.wait_condition("coder0", "up");
    }
    drop(observer.stdin.take());
    let process = mosaic_harness::ProcessWatch::new(observer.id()).unwrap();
    let ended = process.wait_for(Deadline::default().remaining());
    if !ended {
        let _ = observer.kill();
    }
    let status = observer.wait().unwrap();
    assert!(ended && status.success(), "{status}");
}
