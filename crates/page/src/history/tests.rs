use jiff::{SignedDuration, Timestamp};
use mosaic_probe::snapshot::{Condition, Snapshot};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use super::{History, MINUTES, Minute, UpCount};
use crate::test_fleet;

fn at(minutes: i64, seconds: i64) -> Timestamp {
    // The output of the test fleets is much older.
    Timestamp::from_second(1_900_000_020 + minutes * 60 + seconds).unwrap()
}

fn one(condition: Condition) -> Snapshot {
    test_fleet::with_conditions(&[condition])
}

/// The conditions of the last hour as letters, the oldest first. Gaps are dots, and leading gaps are omitted.
fn drawn(history: &History, now: Timestamp) -> String {
    let letter = |slot: Option<Minute>| match slot {
        None => '.',
        Some(Minute { condition: Condition::Dead, .. }) => 'x',
        Some(Minute { condition, .. }) => condition.as_str().chars().next().unwrap(),
    };
    let drawn: String = history.agent("coder0", now).map(letter).iter().collect();
    drawn.trim_start_matches('.').to_owned()
}

#[test]
fn a_minute_without_an_observation_is_a_gap() {
    let mut history = History::default();
    history.record(at(0, 0), &one(Condition::Up));
    history.record(at(1, 0), &one(Condition::Stale));
    history.record(at(4, 0), &one(Condition::Up));
    assert_eq!(drawn(&history, at(4, 30)), "us..u");
    assert_eq!(drawn(&history, at(6, 0)), "us..u..");
    assert_eq!(history.agent("unknown", at(4, 0)), [None; MINUTES]);
}

#[test]
fn the_worst_condition_of_a_minute_is_kept() {
    use Condition::{Dead, Missing, Stale, Starting, Stopped, Unknown, Up};
    let table = [
        (&[Up, Dead, Up][..], Dead),
        (&[Stopped, Up], Stopped),
        (&[Starting, Stopped, Up], Starting),
        (&[Stale, Starting], Stale),
        (&[Unknown, Stale], Unknown),
        (&[Missing, Unknown], Missing),
        (&[Dead, Missing], Dead),
    ];
    for (seen, worst) in table {
        let mut history = History::default();
        for condition in seen {
            history.record(at(0, 0), &one(*condition));
        }
        assert_eq!(history.agent("coder0", at(0, 0))[MINUTES - 1].unwrap().condition, worst);
    }
}

#[test]
fn minutes_older_than_an_hour_are_dropped() {
    let mut history = History::default();
    history.record(at(0, 0), &one(Condition::Dead));
    assert_eq!(drawn(&history, at(59, 59)), format!("x{}", ".".repeat(59)));
    assert_eq!(drawn(&history, at(60, 0)), "");
    history.record(at(60, 0), &one(Condition::Up));
    assert_eq!(drawn(&history, at(60, 0)), "u");
    history.record(at(1000, 0), &test_fleet::with_conditions(&[]));
    assert!(history.agents.is_empty(), "an agent that has been gone for an hour is dropped");
}

#[test]
fn output_counts_for_its_own_minute_unless_that_is_a_gap() {
    let mut history = History::default();
    let mut snapshot = one(Condition::Up);
    let mut note = |minute: i64, second: i64, output: Timestamp| {
        snapshot.agents[0].session.as_mut().unwrap().last_output = Some(output);
        history.record(at(minute, second), &snapshot);
    };
    note(0, 10, at(-500, 0));
    note(1, 5, at(0, 58));
    note(4, 5, at(2, 0));
    note(5, 5, at(5, 4));
    let printed = history.agent("coder0", at(5, 5)).map(|slot| slot.map(|minute| minute.printed));
    assert_eq!(printed[MINUTES - 6..], [Some(true), Some(false), None, None, Some(false), Some(true)]);
}

#[test]
fn the_lowest_number_of_agents_up_is_kept() {
    let mut history = History::default();
    history.record(at(0, 0), &test_fleet::with_conditions(&[Condition::Up, Condition::Up]));
    history.record(at(0, 1), &test_fleet::with_conditions(&[Condition::Up, Condition::Dead]));
    history.record(at(0, 2), &test_fleet::with_conditions(&[Condition::Up, Condition::Up]));
    let hour = history.fleet(at(1, 0));
    assert_eq!(hour[MINUTES - 2..], [Some(UpCount { up: 1, of: 2 }), None]);
}

#[test]
fn a_clock_that_is_set_back_clears_the_future() {
    let mut history = History::default();
    for minute in 0..10 {
        history.record(at(minute, 0), &one(Condition::Dead));
    }
    history.record(at(3, 30), &one(Condition::Up));
    assert_eq!(drawn(&history, at(3, 30)), "xxxx");
    assert_eq!(drawn(&history, at(5, 0)), "xxxx..");
    history.record(at(-100_000, 0), &one(Condition::Up));
    assert_eq!(drawn(&history, at(-100_000, 0)), "u");
}

#[test]
fn the_history_of_a_thousand_agents_is_small() {
    assert_eq!(size_of::<super::Slots>(), 30);
    let mut history = History::default();
    history.record(at(0, 0), &test_fleet::with_conditions(&[Condition::Up; 1000]));
    let agent = size_of::<(Box<str>, super::Slots)>() + 1;
    let names: usize = history.agents.keys().map(|name| name.len().next_multiple_of(16) + 16).sum();
    assert!(history.agents.capacity() * agent * 8 / 7 + names <= 150_000, "{}", history.agents.capacity());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A slot has the worst condition that was recorded in its minute, if the minute is within the hour.
    #[test]
    fn slots_match_the_recorded_minutes(steps in proptest::collection::vec((0i64..90, any::<bool>()), 1..40)) {
        let mut history = History::default();
        let mut minute = 0;
        let mut seen = std::collections::BTreeMap::new();
        for (step, up) in steps {
            minute += step;
            history.record(at(minute, 0), &one(if up { Condition::Up } else { Condition::Dead }));
            let worst = seen.entry(minute).or_insert(true);
            *worst &= up;
        }
        let hour = history.agent("coder0", at(minute, 59));
        for (back, slot) in hour.iter().rev().enumerate() {
            let expected = seen.get(&(minute - i64::try_from(back).unwrap()));
            prop_assert_eq!(slot.map(|minute| minute.condition == Condition::Up), expected.copied());
        }
    }
}

#[test]
fn the_history_is_empty_before_the_first_snapshot() {
    let history = History::default();
    assert_eq!(history.fleet(at(0, 0)), [None; MINUTES]);
    let before = at(0, 0) - SignedDuration::from_hours(1);
    assert_eq!(drawn(&history, before), "");
}
