//! Tables of texts that programs show in another form than they were typed in.

use std::time::Instant;

use super::tests::{BOX, drawn, options, profile, submitted, unconfirmed};
use super::{DeliveryAttempt, Step};
use crate::{Outcome, UnconfirmedReason};

#[test]
fn accents_that_the_program_composes_are_the_same_text() {
    let (profile, now) = (profile(BOX), Instant::now());
    let mut attempt = DeliveryAttempt::new(&profile, "cafe\u{301}", options(), now);
    attempt.record_typed(&drawn("", ""), now);
    for (shown, expected) in [("caf\u{e9}", Step::Press), ("cafe\u{301}", Step::Press), ("cafe", Step::Wait)] {
        assert_eq!(attempt.next(&drawn("", shown), now), expected, "{shown}");
    }
}

#[test]
fn only_the_pasted_part_is_folded_behind_a_typed_preamble() {
    let (profile, now) = (profile(BOX), Instant::now());
    let text = "[a -> b:c] one\ntwo\nthree";
    let typed = |beginning: &str| {
        let mut attempt = DeliveryAttempt::new(&profile, text, options(), now).with_typed(beginning);
        attempt.record_typed(&drawn("", ""), now);
        attempt
    };
    let behind = typed("[a -> b:c] ");
    for (shown, expected) in [
        ("[a -> b:c] [paste 3 lines]", Step::Press),
        ("[a -> b:c]\n[paste 3\nlines]", Step::Press),
        ("[a -> b:c] one\ntwo\nthree", Step::Press),
        ("[a -> b:c] [paste 5 lines]", Step::Wait),
        ("[x -> b:c] [paste 3 lines]", Step::Wait),
        ("[a -> b:c] and [paste 3 lines]", Step::Wait),
        ("[paste 3 lines]", Step::Wait),
    ] {
        assert_eq!(behind.next(&drawn("", shown), now), expected, "{shown}");
    }
    assert_eq!(typed("").next(&drawn("", "[paste 3 lines]"), now), Step::Press);
}

#[test]
fn a_turn_is_recognized_where_its_blocks_of_code_are_rendered() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = submitted(&profile, "# List\n```sh\nls -la\n```", "", options(), now);
    assert_eq!(attempt.next(&drawn(" List\n\n ls -la", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn a_line_of_a_turn_may_look_like_a_note() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = submitted(&profile, "see\n Later: never\nthen stop", "", options(), now);
    assert_eq!(attempt.next(&drawn(" see\n Later: never\n then stop", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn a_turn_that_pushes_an_equal_one_off_the_screen_counts_once_the_screen_has_changed() {
    let (profile, now) = (profile(BOX), Instant::now());
    let before = " go on now\n noted";
    let mut attempt = submitted(&profile, "go on now", before, options(), now);
    let no_turn = unconfirmed(UnconfirmedReason::NoTurn);
    let late = now + super::tests::LATE;
    attempt.record_seen(&drawn(&format!(" above\n{before}"), ""));
    assert_eq!(attempt.next(&drawn(before, ""), late), no_turn);
    let moved = drawn(" noted\n go on now", "");
    attempt.record_seen(&moved);
    assert_eq!(attempt.next(&moved, now), Step::End(Outcome::Accepted));
    attempt.record_seen(&drawn(before, ""));
    assert_eq!(attempt.next(&drawn(before, ""), now), Step::End(Outcome::Accepted));
    assert_eq!(attempt.next(&drawn(before, "a person's"), late), no_turn);
}
