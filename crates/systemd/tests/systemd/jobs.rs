//! Running jobs: every outcome is reported, when it happens, over both transports.

use std::time::Duration;

use crate::fixture::{Fixture, LIMIT, agent, run};
use mosaic_systemd::{ActiveState, JobOutcome, UnitName, UserManager, Verb};

fn every_outcome(fixture: &Fixture, manager: &UserManager) {
    let needs = "[Unit]\nRequires=mosaic-agent@fail-first.service\nAfter=mosaic-agent@fail-first.service\n";
    fixture.manager().drop_in("mosaic-agent@needy.service", "test", needs);
    fixture.manager().drop_in(
        "mosaic-agent@late.service",
        "test",
        "[Service]\nTimeoutStartSec=100ms\nExecStart=\nExecStart=sleep 1000\n",
    );
    fixture.manager().systemctl_ok(&["mask", "mosaic-agent@masked.service"]);
    let agents = ["good", "fail", "needy", "late", "masked", "fine"];
    let (outcomes, mut finished) = run(manager, Verb::Start, &agents, LIMIT);
    assert_eq!(outcomes[..3], [JobOutcome::Done, JobOutcome::Failed, JobOutcome::Dependency]);
    // systemd 252 counts the time limit of a start as a failure of the unit.
    assert!(matches!(outcomes[3], JobOutcome::Failed | JobOutcome::Timeout), "{outcomes:?}");
    assert!(matches!(&outcomes[4], JobOutcome::Invalid(why) if why.contains("masked")), "{outcomes:?}");
    assert_eq!(outcomes[5], JobOutcome::Done);
    finished.sort_unstable();
    let mut all = agents.map(str::to_owned);
    all.sort_unstable();
    assert_eq!(finished, all);
    assert_eq!(manager.describe(&agent("fail")).unwrap().active, ActiveState::Failed);
}

#[test]
fn every_outcome_of_a_start_is_reported_over_dbus() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    every_outcome(&fixture, &fixture.connect());
}

#[test]
fn every_outcome_of_a_start_is_reported_through_systemctl() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let manager = fixture.connect_without_bus();
    assert_eq!(manager.transport(), "systemctl");
    every_outcome(&fixture, &manager);
}

fn start_restart_and_stop(fixture: &Fixture, manager: &UserManager) {
    let state = |name: &str| fixture.manager().is_active(agent(name).as_str());
    let done = || [JobOutcome::Done, JobOutcome::Done];
    assert_eq!(run(manager, Verb::Start, &["a", "b"], LIMIT).0, done());
    assert_eq!([state("a"), state("b")], ["active", "active"]);
    let before = fixture.manager().show("mosaic-agent@a.service", "InvocationID");
    assert_eq!(run(manager, Verb::Restart, &["a", "b"], LIMIT).0, done());
    assert_ne!(fixture.manager().show("mosaic-agent@a.service", "InvocationID"), before);
    assert_eq!(run(manager, Verb::Start, &["a", "b"], LIMIT).0, done());
    assert_eq!(run(manager, Verb::Stop, &["a", "b"], LIMIT).0, done());
    assert_eq!([state("a"), state("b")], ["inactive", "inactive"]);
    let missing = ["nosuch.service".parse().unwrap()];
    let outcome = manager.run(Verb::Start, &missing, LIMIT, &mut |_, _| ()).unwrap().remove(0).1;
    assert!(matches!(&outcome, JobOutcome::NoSuchUnit(why) if why.contains("nosuch.service")), "{outcome:?}");
    assert_eq!(run(manager, Verb::Start, &[], LIMIT).0, []);
}

#[test]
fn units_are_started_restarted_and_stopped_over_dbus() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    start_restart_and_stop(&fixture, &fixture.connect());
}

#[test]
fn units_are_started_restarted_and_stopped_through_systemctl() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    start_restart_and_stop(&fixture, &fixture.connect_without_bus());
}

#[test]
fn a_call_with_a_limit_of_zero_returns_after_the_job_was_queued() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let (outcomes, finished) = run(&fixture.connect(), Verb::Start, &["slow"], Duration::ZERO);
    assert_eq!((outcomes.as_slice(), finished.len()), (&[JobOutcome::TimedOutWaiting][..], 0));
    assert_eq!(fixture.connect().describe(&agent("slow")).unwrap().active, ActiveState::Activating);
}

fn slow_jobs_time_out(manager: &UserManager) {
    let (outcomes, finished) = run(manager, Verb::Start, &["slow", "good"], Duration::from_secs(2));
    assert_eq!(outcomes, [JobOutcome::TimedOutWaiting, JobOutcome::Done]);
    assert_eq!(finished, ["good"]);
    assert_eq!(manager.describe(&agent("slow")).unwrap().active, ActiveState::Activating);
    // The stop replaces the start that is still in progress.
    assert_eq!(run(manager, Verb::Stop, &["slow"], LIMIT).0, [JobOutcome::Done]);
}

#[test]
fn slow_jobs_time_out_over_dbus() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    slow_jobs_time_out(&fixture.connect());
}

#[test]
fn slow_jobs_time_out_through_systemctl() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    slow_jobs_time_out(&fixture.connect_without_bus());
}

#[test]
fn a_job_that_another_replaces_is_canceled() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let manager = fixture.connect();
    std::thread::scope(|scope| {
        let start = scope.spawn(|| run(&manager, Verb::Start, &["slow"], LIMIT));
        fixture.manager().wait_active("mosaic-agent@slow.service", "activating");
        fixture.manager().systemctl_ok(&["stop", "mosaic-agent@slow.service"]);
        assert_eq!(start.join().unwrap().0, [JobOutcome::Canceled]);
    });
}

#[test]
fn hundreds_of_jobs_run_at_once_and_all_end() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let names: Vec<String> = (0..300).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let manager = fixture.connect();
    for verb in [Verb::Start, Verb::Stop] {
        let (outcomes, finished) = run(&manager, verb, &names, LIMIT);
        assert!(outcomes.iter().all(|outcome| *outcome == JobOutcome::Done), "{outcomes:?}");
        assert_eq!(finished.len(), names.len());
    }
}

#[test]
fn the_callback_may_call_the_manager() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let manager = fixture.connect();
    let units: Vec<_> = (0..100).map(|number| agent(&format!("fail{number}"))).collect();
    let mut results = Vec::new();
    let mut ask = |unit: &UnitName, _: &JobOutcome| results.push(manager.describe(unit).unwrap().result);
    manager.run(Verb::Start, &units, LIMIT, &mut ask).unwrap();
    assert_eq!(results, vec!["exit-code"; units.len()]);
}
