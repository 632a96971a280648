//! Somebody who looks for weeks, while agents die and come back: in a process of its own, because what is
//! counted is the process'.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use mosaic_harness::{Deadline, RosterFleet, UnitFleet};
use mosaic_probe::snapshot::Condition;
use mosaic_probe::{Depth, FleetLocation, Observer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

const LOOKS: usize = 300;
const LIVES: usize = 5;
/// Set for who looks.
const LOOKS_HERE: &str = "MOSAIC_FLEET_TEST_LOOKS_HERE";

/// What it says when it has looked once.
const BEGUN: &str = "begun";

/// Open files, threads and children of this process.
fn belongings() -> [usize; 3] {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    [count("/proc/self/fd"), count("/proc/self/task"), children.map(|of| of.split_whitespace().count()).sum()]
}

/// Looks until it has looked so often and standard input is closed, and then until all is well.
fn look_again_and_again() {
    let variable = |name: &str| std::env::var_os(name);
    let location = FleetLocation::resolve(None, None, variable, &std::env::current_dir().unwrap()).unwrap();
    let target = Arc::new(location.target(variable).unwrap());
    let mut observer = Observer::default();
    let mut agent = || {
        let snapshot = observer.observe(&target, Depth::Verify).unwrap().snapshot;
        let agent = snapshot.agents.into_iter().find(|agent| agent.name == "coder0").unwrap();
        (agent.condition, agent.session.and_then(|session| session.pane_pid))
    };
    let (first, mut pid) = agent();
    assert_eq!(first, Condition::Up);
    let before = settled(|_| true);
    println!("{BEGUN}");
    let mut lives = 0;
    for nth in 0.. {
        let (condition, seen) = agent();
        if condition == Condition::Up && seen != pid {
            lives += 1;
            pid = seen;
        }
        if nth >= LOOKS && lives > 0 && condition == Condition::Up && is_input_closed() {
            break;
        }
    }
    // Not each of them is seen, however fast one looks.
    assert!((1..=LIVES).contains(&lives), "{lives}");
    assert_eq!(settled(|now| now == before), before, "open files, threads, children");
}

/// What is there when the threads of the last look have ended, as they do once they have said what they saw.
fn settled(is_it: impl Fn([usize; 3]) -> bool) -> [usize; 3] {
    let deadline = Deadline::default();
    let mut last = belongings();
    loop {
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        let now = belongings();
        if (now == last && is_it(now)) || deadline.passed() {
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
fn looks_at_agents_that_die_and_come_back_leave_nothing_behind() {
    if std::env::var_os(LOOKS_HERE).is_some() {
        return look_again_and_again();
    }
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let units = fleet.units();
    // All that a look goes by is in the environment, and that is a process'.
    let mut looks = units.manager().command(std::env::current_exe().unwrap());
    looks.env(LOOKS_HERE, "1").args(["--nocapture", "--test-threads=1"]);
    let mut looks = looks.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(looks.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.ends_with(BEGUN)), "it does not look");
    for _ in 0..LIVES {
        let sidecar = units.sidecar("coder0");
        units.fleet().pane("coder0").process().signal(Signal::KILL.as_raw());
        sidecar.wait();
        let _ = units.manager().systemctl(&["reset-failed", &UnitFleet::unit("coder0")]);
        fleet.start(&["coder0"]);
        fleet.wait_condition("coder0", "up");
    }
    drop(looks.stdin.take());
    let process = mosaic_harness::ProcessWatch::new(looks.id()).unwrap();
    let ended = process.wait_for(Deadline::default().remaining());
    if !ended {
        let _ = looks.kill();
    }
    let status = looks.wait().unwrap();
    assert!(ended && status.success(), "{status}");
}
