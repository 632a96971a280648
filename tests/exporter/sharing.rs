//! One look for all who ask at the same time.

use mosaic_harness::RosterFleet;
use std::collections::BTreeSet;
use std::thread;

/// How long each source took, to the microsecond: two looks that agree in all of them are one look.
fn look(scrape: &str) -> Vec<String> {
    let durations = scrape.lines().filter(|line| line.starts_with("mosaic_collector_duration_seconds"));
    durations.map(str::to_owned).collect()
}

#[test]
fn scrapes_at_the_same_time_share_a_look_and_later_ones_do_not() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&[]);
    let scrapes: Vec<_> = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..20).map(|_| scope.spawn(|| look(&exporter.scrape()))).collect();
        scrapes.into_iter().map(|scrape| scrape.join().unwrap()).collect()
    });
    // A look or two: a second may have passed among them.
    let looks: BTreeSet<_> = scrapes.iter().collect();
    assert!(looks.len() <= 2, "{looks:#?}");
    assert_eq!(scrapes[0].len(), 5);
    let deadline = mosaic_harness::Deadline::default();
    while looks.contains(&look(&exporter.scrape())) {
        assert!(!deadline.passed(), "a look never gets too old");
        thread::yield_now();
    }
}
