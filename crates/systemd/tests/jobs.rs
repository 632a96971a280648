//! Jobs end as they end, and are told of as they do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::time::Duration;

use mosaic_systemd::{ActiveState, JobOutcome, UnitName, UserManager, Verb};
use world::{LIMIT, World, agent, run};

fn every_outcome(world: &World, manager: &UserManager) {
    let needs = "[Unit]\nRequires=mosaic-agent@fail-first.service\nAfter=mosaic-agent@fail-first.service\n";
    world.manager().drop_in("mosaic-agent@needy.service", "test", needs);
    world.manager().drop_in(
        "mosaic-agent@late.service",
        "test",
        "[Service]\nTimeoutStartSec=100ms\nExecStart=\nExecStart=sleep 1000\n",
    );
    world.manager().systemctl_ok(&["mask", "mosaic-agent@masked.service"]);
    let agents = ["good", "fail", "needy", "late", "masked", "fine"];
    let (outcomes, mut told) = run(manager, Verb::Start, &agents, LIMIT);
    assert_eq!(outcomes[..3], [JobOutcome::Done, JobOutcome::Failed, JobOutcome::Dependency]);
    // systemd 252 counts the time limit of a start as a failure of the unit.
    assert!(matches!(outcomes[3], JobOutcome::Failed | JobOutcome::Timeout), "{outcomes:?}");
    assert!(matches!(&outcomes[4], JobOutcome::Invalid(why) if why.contains("masked")), "{outcomes:?}");
    assert_eq!(outcomes[5], JobOutcome::Done);
    told.sort_unstable();
    let mut all = agents.map(str::to_owned);
    all.sort_unstable();
    assert_eq!(told, all);
    assert_eq!(manager.describe(&agent("fail")).unwrap().active, ActiveState::Failed);
}

#[test]
fn every_outcome_of_a_start_is_told_by_the_bus() {
    let Some(world) = World::start_or_skip() else { return };
    every_outcome(&world, &world.connect());
}

#[test]
fn every_outcome_of_a_start_is_told_by_systemctl() {
    let Some(world) = World::start_or_skip() else { return };
    let manager = world.connect_without_bus();
    assert_eq!(manager.way(), "systemctl");
    every_outcome(&world, &manager);
}

fn a_life(world: &World, manager: &UserManager) {
    let state = |name: &str| world.manager().is_active(agent(name).as_str());
    let done = || [JobOutcome::Done, JobOutcome::Done];
    assert_eq!(run(manager, Verb::Start, &["a", "b"], LIMIT).0, done());
    assert_eq!([state("a"), state("b")], ["active", "active"]);
    let before = world.manager().show("mosaic-agent@a.service", "InvocationID");
    assert_eq!(run(manager, Verb::Restart, &["a", "b"], LIMIT).0, done());
    assert_ne!(world.manager().show("mosaic-agent@a.service", "InvocationID"), before);
    assert_eq!(run(manager, Verb::Start, &["a", "b"], LIMIT).0, done());
    assert_eq!(run(manager, Verb::Stop, &["a", "b"], LIMIT).0, done());
    assert_eq!([state("a"), state("b")], ["inactive", "inactive"]);
    let nowhere = ["nosuch.service".parse().unwrap()];
    let outcome = manager.run(Verb::Start, &nowhere, LIMIT, &mut |_, _| ()).unwrap().remove(0).1;
    assert!(matches!(&outcome, JobOutcome::NoSuchUnit(why) if why.contains("nosuch.service")), "{outcome:?}");
    assert_eq!(run(manager, Verb::Start, &[], LIMIT).0, []);
}

#[test]
fn units_are_started_restarted_and_stopped_by_the_bus() {
    let Some(world) = World::start_or_skip() else { return };
    a_life(&world, &world.connect());
}

#[test]
fn units_are_started_restarted_and_stopped_by_systemctl() {
    let Some(world) = World::start_or_skip() else { return };
    a_life(&world, &world.connect_without_bus());
}

#[test]
fn whoever_waits_for_no_job_knows_that_it_was_queued() {
    let Some(world) = World::start_or_skip() else { return };
    let (outcomes, told) = run(&world.connect(), Verb::Start, &["slow"], Duration::ZERO);
    assert_eq!((outcomes.as_slice(), told.len()), (&[JobOutcome::TimedOutWaiting][..], 0));
    assert_eq!(world.connect().describe(&agent("slow")).unwrap().active, ActiveState::Activating);
}

fn no_longer_than_the_limit(manager: &UserManager) {
    let (outcomes, told) = run(manager, Verb::Start, &["slow", "good"], Duration::from_secs(2));
    assert_eq!(outcomes, [JobOutcome::TimedOutWaiting, JobOutcome::Done]);
    assert_eq!(told, ["good"]);
    assert_eq!(manager.describe(&agent("slow")).unwrap().active, ActiveState::Activating);
    // A stop takes the place of the start that is still under way.
    assert_eq!(run(manager, Verb::Stop, &["slow"], LIMIT).0, [JobOutcome::Done]);
}

#[test]
fn a_job_that_takes_too_long_is_left_to_the_manager_by_the_bus() {
    let Some(world) = World::start_or_skip() else { return };
    no_longer_than_the_limit(&world.connect());
}

#[test]
fn a_job_that_takes_too_long_is_left_to_the_manager_by_systemctl() {
    let Some(world) = World::start_or_skip() else { return };
    no_longer_than_the_limit(&world.connect_without_bus());
}

#[test]
fn a_job_that_another_replaces_is_canceled() {
    let Some(world) = World::start_or_skip() else { return };
    let manager = world.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| run(&manager, Verb::Start, &["slow"], LIMIT));
        world.manager().wait_active("mosaic-agent@slow.service", "activating");
        world.manager().systemctl_ok(&["stop", "mosaic-agent@slow.service"]);
        assert_eq!(start.join().unwrap().0, [JobOutcome::Canceled]);
    });
}

#[test]
fn hundreds_of_jobs_are_queued_at_once_and_none_is_lost() {
    let Some(world) = World::start_or_skip() else { return };
    let names: Vec<String> = (0..300).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let manager = world.connect();
    for verb in [Verb::Start, Verb::Stop] {
        let (outcomes, told) = run(&manager, verb, &names, LIMIT);
        assert!(outcomes.iter().all(|outcome| *outcome == JobOutcome::Done), "{outcomes:?}");
        assert_eq!(told.len(), names.len());
    }
}

#[test]
fn who_is_told_of_a_job_may_ask_why_it_failed() {
    let Some(world) = World::start_or_skip() else { return };
    let manager = world.connect();
    let units: Vec<_> = (0..100).map(|number| agent(&format!("fail{number}"))).collect();
    let mut results = Vec::new();
    let mut ask = |unit: &UnitName, _: &JobOutcome| results.push(manager.describe(unit).unwrap().result);
    manager.run(Verb::Start, &units, LIMIT, &mut ask).unwrap();
    assert_eq!(results, vec!["exit-code"; units.len()]);
}
