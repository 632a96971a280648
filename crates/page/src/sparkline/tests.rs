use mosaic_probe::snapshot::Condition::{self, Dead, Missing, Stale, Unknown, Up};

use super::{bars, fleet_sparkline, fleet_words, gaps, sparkline, words};
use crate::history::{Hour, MINUTES, Minute, UpCount};
use crate::test_fleet::now;

/// An hour whose last minutes are these.
fn ending<T: Copy>(last: &[Option<T>]) -> Hour<T> {
    std::array::from_fn(|at| (at + last.len()).checked_sub(MINUTES).and_then(|at| last[at]))
}

#[expect(clippy::unnecessary_wraps, reason = "an hour is of slots that may be gaps")]
fn seen(condition: Condition, printed: bool) -> Option<Minute> {
    Some(Minute { condition, printed })
}

#[test]
fn bars_differ_by_shape_and_gaps_are_gaps() {
    let hour = ending(&[
        seen(Up, true),
        seen(Up, true),
        seen(Up, false),
        None,
        seen(Dead, true),
        seen(Stale, false),
        seen(Up, true),
    ]);
    assert_eq!(bars(&hour, Up).unwrap(), "M53 11V1h2V6h1V11zM59 11V1h1V11z");
    assert_eq!(bars(&hour, Dead).unwrap(), "M57 11V18h1V11z");
    assert_eq!(bars(&hour, Stale).unwrap(), "M58 11V6h1V11z");
    assert_eq!(bars(&hour, Missing), None);
    assert_eq!(gaps(&hour).unwrap(), "M0 10.5h53M56 10.5h1");
}

#[test]
fn every_bar_is_an_element_of_its_own() {
    let drawn = sparkline(&ending(&[seen(Up, true), None, seen(Unknown, false)]), now()).0;
    assert_eq!(drawn.matches("<path").count(), 3);
    assert_eq!(drawn.matches("</path>").count(), 3, "a path within a path is not drawn");
    assert!(drawn.contains("<path class=\"unknown\" d=\"M59 11V9h1V11z\">"), "{drawn}");
}

#[test]
fn what_the_bars_show_is_said_in_words() {
    // It is 14:58.
    let table = [
        (ending(&[]), "nobody looked within the last hour"),
        (ending(&[seen(Up, false); 60]), "up 60 of 60 minutes looked at"),
        (
            ending(&[seen(Dead, false), seen(Up, true), seen(Missing, false), seen(Missing, false)]),
            "up 1 of 4 minutes looked at; dead at 14:55 UTC; missing 14:57 to 14:58 UTC",
        ),
        (
            ending(&[seen(Dead, false), None, seen(Dead, false)]),
            "up 0 of 2 minutes looked at; dead at 14:56 UTC; dead at 14:58 UTC",
        ),
        (
            ending(&[Dead, Up, Dead, Up, Stale, Up, Unknown, Up, Stale, Up].map(|condition| seen(condition, true))),
            "up 5 of 10 minutes looked at; stale at 14:53 UTC; unknown at 14:55 UTC; stale at 14:57 UTC; and 2 times before",
        ),
    ];
    for (hour, said) in table {
        assert_eq!(words(&hour, now()), said);
    }
}

#[test]
fn the_fleets_hour_tells_its_worst_minute() {
    let count = |up| Some(UpCount { up, of: 4 });
    assert_eq!(fleet_words(&ending(&[]), now()), "nobody looked within the last hour");
    assert_eq!(
        fleet_words(&ending(&[count(4), count(4)]), now()),
        "the last hour: all up in all of 2 minutes looked at"
    );
    let hour = ending(&[count(4), count(1), None, count(3)]);
    assert_eq!(fleet_words(&hour, now()), "the last hour: at worst 1 of 4 up, at 14:56 UTC");
    assert!(fleet_sparkline(&hour, now()).0.contains("d=\"M56 11V0h1V9h1V11zM59 11V3h1V11z\""));
}
