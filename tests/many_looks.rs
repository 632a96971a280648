//! Somebody who looks for weeks, while agents die and come back: in a process of its own, because what is
//! counted is the process'.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use harness::{RosterFleet, UnitFleet};
use probe::snapshot::Condition;
use probe::{Depth, Observer, Places};
use rustix::process::Signal;
use std::fs;
use std::sync::Arc;

const LOOKS: usize = 300;

/// Open files, threads and children of this process.
fn belongings() -> [usize; 3] {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    [count("/proc/self/fd"), count("/proc/self/task"), children.map(|of| of.split_whitespace().count()).sum()]
}

#[test]
fn three_hundred_looks_at_agents_that_die_and_come_back_leave_nothing_behind() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let environment = fleet.units().fleet().environment().clone();
    let variable = |name: &str| environment.get(name).map(Into::into);
    let here = fleet.units().fleet().home().to_owned();
    let target = Arc::new(Places::find(None, None, variable, &here).unwrap().target(variable).unwrap());
    let mut observer = Observer::default();
    let mut look = || {
        let snapshot = observer.look(&target, Depth::Verify).unwrap().snapshot;
        for (source, report) in &snapshot.sources {
            assert!(report.ok, "{source:?}: {report:?}");
        }
        let agent = snapshot.agents.iter().find(|agent| agent.name.as_str() == "coder0").unwrap();
        (agent.condition, agent.session.as_ref().and_then(|session| session.pane_pid))
    };
    let (first, _) = look();
    assert_eq!(first, Condition::Up);
    let before = belongings();
    let mut lives = 0;
    for nth in 0..LOOKS {
        if nth % 30 == 10 {
            let sidecar = fleet.units().sidecar("coder0");
            fleet.units().fleet().pane("coder0").process().signal(Signal::KILL.as_raw());
            sidecar.wait();
        }
        if nth % 30 == 20 {
            let _ = fleet.units().manager().systemctl(&["reset-failed", &UnitFleet::unit("coder0")]);
            fleet.start(&["coder0"]);
            lives += 1;
        }
        look();
    }
    assert_eq!(lives, 10);
    let deadline = harness::Deadline::default();
    while look().0 != Condition::Up {
        assert!(!deadline.passed());
    }
    assert_eq!(belongings(), before);
}
