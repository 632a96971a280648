//! The course of the scene, step by step.

use super::{Act, Story};
use crate::view::{Condition, Row, Verdict};
use mosaic_domain::{ExitVerdict, ProcessIdentity};
use std::time::Duration;

fn process(pid: u32) -> ProcessIdentity {
    let boot = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
    ProcessIdentity { pid: pid.try_into().unwrap(), start_ticks: 1, boot }
}

fn rows(condition: Condition, pid: u32, exit: Option<ExitVerdict>) -> Vec<Row> {
    let row = |agent: &str, condition, pid, exit| Row {
        agent: agent.parse().unwrap(),
        verdict: Verdict { condition, reason: None },
        process: Some(process(pid)),
        exit,
        age: None,
        starts: None,
        output: String::new(),
    };
    vec![row("planner", Condition::Up, 1, None), row("worker", condition, pid, exit)]
}

fn up(pid: u32) -> Vec<Row> {
    rows(Condition::Up, pid, None)
}

fn dead(exit: ExitVerdict) -> Vec<Row> {
    rows(Condition::Dead, 77, Some(exit))
}

fn at(millis: u64) -> Duration {
    Duration::from_secs(1000) + Duration::from_millis(millis)
}

fn said(acts: &[Act]) -> &str {
    match &acts[0] {
        Act::Say(text) => text,
        other => panic!("{other:?}"),
    }
}

/// A story in which the victim, process 77, was killed after 4.5 s.
fn after_the_kill(restarts: bool) -> Story {
    let mut story = Story::begin(at(0), restarts);
    assert_eq!(story.step(&rows(Condition::Starting, 77, None), at(100)), []);
    assert_eq!(said(&story.step(&up(77), at(400))), "  0.40 s  all three are up");
    assert_eq!(story.step(&up(77), at(4300)), [], "there is time to look");
    let acts = story.step(&up(77), at(4500));
    assert_eq!(acts[1], Act::Kill(process(77)));
    story.killed(process(77), Some(at(4501)), at(4502));
    assert_eq!(story.step(&up(77), at(4502)), [], "nobody has noticed");
    assert_eq!(story.step(&rows(Condition::Dead, 77, None), at(4503)), [], "the heartbeat has not said so");
    story
}

#[test]
fn with_a_manager_the_victim_comes_back_by_itself() {
    let mut story = after_the_kill(true);
    let acts = story.step(&dead(ExitVerdict::Signal(9)), at(4504));
    assert_eq!(said(&acts), "  4.50 s  worker is dead: its heartbeat says exited signal:9, 3.0 ms after the kill");
    assert!(story.is_tense());
    assert_eq!(story.step(&dead(ExitVerdict::Signal(9)), at(5000)), []);
    let acts = story.step(&up(78), at(5601));
    let told = "  5.60 s  worker is up again, process 78, 1.10 s after the kill: the user manager started it";
    assert_eq!(acts, [Act::Say(told.to_owned()), Act::End(true)]);
    assert!(story.is_over());
    assert_eq!(story.step(&up(78), at(9000)), []);
}

#[test]
fn without_one_the_demo_starts_it_again_after_a_while() {
    let mut story = after_the_kill(false);
    story.step(&dead(ExitVerdict::Signal(9)), at(4504));
    assert_eq!(story.step(&dead(ExitVerdict::Signal(9)), at(5600)), [], "there is time to look");
    assert_eq!(story.step(&dead(ExitVerdict::Signal(9)), at(6600))[1], Act::StartAgain);
    assert_eq!(story.step(&rows(Condition::Starting, 77, None), at(6610)), []);
    let acts = story.step(&up(78), at(6650));
    assert!(said(&acts).ends_with("up again, process 78, 0.05 s after that start, 2.15 s after the kill"), "{acts:?}");
    assert_eq!(acts[1], Act::End(true));
}

#[test]
fn what_does_not_go_as_told_is_said() {
    let table = [
        (dead(ExitVerdict::Code(0)), at(4504), "its heartbeat says code:0, expected signal:9"),
        (up(78), at(4504), "another process is worker already"),
        (up(77), at(200_000), "its heartbeat does not say so"),
    ];
    for (rows, now, part) in table {
        let mut story = after_the_kill(true);
        let acts = story.step(&rows, now);
        assert!(said(&acts).contains(part), "{acts:?}");
        assert_eq!(acts[1], Act::End(false));
    }
    let mut story = Story::begin(at(0), true);
    assert_eq!(story.step(&rows(Condition::Unknown, 77, None), at(100_000))[1], Act::End(false));
    let mut story = after_the_kill(true);
    story.step(&dead(ExitVerdict::Signal(9)), at(4504));
    assert_eq!(story.step(&dead(ExitVerdict::Signal(9)), at(100_000))[1], Act::End(false));
}

#[test]
fn a_victim_that_went_before_the_kill_is_waited_for() {
    let mut story = Story::begin(at(0), true);
    story.step(&up(77), at(0));
    assert_eq!(story.step(&up(77), at(4000))[1], Act::Kill(process(77)));
    story.killed(process(77), None, at(4001));
    assert_eq!(story.step(&dead(ExitVerdict::Code(0)), at(4002)), []);
    assert!(said(&story.step(&up(78), at(5002))).ends_with("all three are up"));
}
