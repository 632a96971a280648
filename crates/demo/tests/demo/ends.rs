//! A demo leaves nothing behind, however it ends.

use std::collections::BTreeSet;

use mosaic_harness::{Fleet, ProcessWatch, UserManager};
use rustix::process::Signal;

use crate::left::{assert_no_units, left_behind, nothing};
use crate::show::Show;

const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

#[test]
fn a_signal_at_any_stage_leaves_nothing() {
    let stages = [
        "Mosaic Fleet",
        "Watch worker",
        "tmux -S",
        "LAST OUTPUT",
        "starting",
        "all three are up",
        "killing worker",
        "its heartbeat says exited",
        "it was killed by signal 9",
        "so the demo does",
        "up again",
    ];
    std::thread::scope(|scope| {
        for (stage, signal) in stages.into_iter().zip(ENDING.into_iter().cycle()) {
            scope.spawn(move || signalled_at(stage, signal));
        }
    });
}

fn signalled_at(stage: &str, signal: Signal) {
    let fleet = Fleet::new();
    let mut show = Show::direct(&fleet, &[]);
    assert!(show.wait_for(stage).is_some(), "{stage}");
    show.signal_group(signal);
    let (status, lines, errors) = show.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{signal:?} at '{stage}': {lines:#?}");
    assert_eq!(left_behind(&fleet), nothing(), "{signal:?} at '{stage}': {lines:#?}");
}

#[test]
fn under_a_manager_a_signal_at_any_stage_leaves_nothing() {
    let stages =
        ["Watch worker", "LAST OUTPUT", "starting", "all three are up", "its heartbeat says exited", "up again"];
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    for (stage, signal) in stages.into_iter().zip(ENDING.into_iter().cycle()) {
        let mut show = Show::under(&manager, &fleet, &[]);
        assert!(show.wait_for(stage).is_some(), "{stage}");
        show.signal_group(signal);
        let (status, lines, errors) = show.end();
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{signal:?} at '{stage}': {lines:#?}");
        assert_no_units(&manager);
        assert_eq!(left_behind(&fleet), nothing(), "{signal:?} at '{stage}': {lines:#?}");
    }
}

#[test]
fn a_signal_at_a_random_moment_leaves_nothing() {
    let fleet = Fleet::new();
    for (round, signal) in (0..24).zip(ENDING.into_iter().cycle()) {
        let show = Show::direct(&fleet, &[]);
        let mut random = [0; 2];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()).unwrap();
        let micros = u64::from(u16::from_ne_bytes(random)) * 5;
        let _ = show.watch().wait_for(std::time::Duration::from_micros(micros));
        show.signal_group(signal);
        let (_, lines, _) = show.end();
        assert_eq!(left_behind(&fleet), nothing(), "round {round}: {signal:?} after {micros} us: {lines:#?}");
    }
}

#[test]
fn a_killed_demo_leaves_nothing() {
    let fleet = Fleet::new();
    let mut show = Show::direct(&fleet, &[]);
    show.wait_for("all three are up").unwrap();
    kill_and_wait(&fleet, &show);
    assert_eq!(left_behind(&fleet), nothing());
}

#[test]
fn under_a_manager_a_killed_demo_leaves_nothing() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    let mut show = Show::under(&manager, &fleet, &[]);
    show.wait_for("LAST OUTPUT").unwrap();
    kill_and_wait(&fleet, &show);
    assert_no_units(&manager);
    assert_eq!(left_behind(&fleet), nothing());
}

/// Kills the demo and waits for its guard, which ends last.
fn kill_and_wait(fleet: &Fleet, show: &Show) {
    let is_guard = |pid: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("--guard")
    };
    let guards: BTreeSet<u32> = fleet.processes().into_iter().filter(is_guard).collect();
    assert_eq!(guards.len(), 1);
    let guards: Vec<ProcessWatch> = guards.into_iter().map(|pid| ProcessWatch::new(pid).unwrap()).collect();
    show.watch().signal(Signal::KILL.as_raw());
    guards.iter().for_each(ProcessWatch::wait);
}
