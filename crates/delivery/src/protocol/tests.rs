//! Tables of the next step for an capture.

use std::path::Path;
use std::time::{Duration, Instant};

use mosaic_process::TerminalInput;

use mosaic_runtimes::{Profile, Screen};

use super::{DeliveryAttempt, DeliveryOptions, DeliveryTimeouts, PaneCapture, PaneProcess, Step};
use crate::{Outcome, Refusal, UnconfirmedReason};

const BOX: &str = "
version: 1
composer: {kind: box, above: '^-{5}$', scrolled: '^-- more$', first: '^(.*)$', below: '^-{5}$'}
pasted: '^\\[paste (?<lines>\\d+) lines\\]$'
queued: '^ Later: (?<text>.*?)(?:\\.\\.\\.)?$'
busy: '^ Working'
dialogs: [{name: permission, line: '^ Proceed\\?'}, {name: menu, line: '^ Menu$', place: anywhere}]
commands: /
";
const LINE: &str = "
version: 1
composer: {kind: line, prompt: '^.*[$>] ?$'}
";

const READ: Option<TerminalInput> = Some(TerminalInput { unread: 0, canonical: false, echo: false });
const UNREAD: Option<TerminalInput> = Some(TerminalInput { unread: 1, canonical: false, echo: false });
const BY_LINES: Option<TerminalInput> = Some(TerminalInput { unread: 0, canonical: true, echo: true });

fn profile(text: &str) -> Profile {
    Profile::parse(text, Path::new("profile")).unwrap()
}

/// Returns a capture of a screen whose cursor is at the end of its last line.
fn captured(text: &str) -> PaneCapture {
    let mut screen = Screen::from_text(text);
    screen.cursor_column = text.lines().last().map_or(0, |line| line.chars().count());
    PaneCapture { process: PaneProcess::Expected, in_mode: false, screen, input: READ, is_reported: false }
}

/// Returns a capture of a screen with this text in the composer, and that text above it.
fn drawn(above: &str, composer: &str) -> PaneCapture {
    captured(&format!("{above}\n-----\n{composer}\n-----\n status"))
}

fn options() -> DeliveryOptions {
    DeliveryOptions {
        only_when_idle: false,
        retry_enter: true,
        until_turn: false,
        timeouts: DeliveryTimeouts::default(),
    }
}

fn refused(refusal: Refusal) -> Step {
    Step::End(Outcome::Refused(refusal))
}

fn unconfirmed(reason: UnconfirmedReason) -> Step {
    Step::End(Outcome::Unconfirmed(reason))
}

const LATE: Duration = Duration::from_secs(20);

/// Returns the steps at once and after all timeouts.
fn now_and_late(attempt: &DeliveryAttempt<'_>, capture: &PaneCapture, now: Instant) -> (Step, Step) {
    (attempt.next(capture, now), attempt.next(capture, now + LATE))
}

#[test]
fn text_is_typed_only_into_an_empty_composer_whose_input_is_read() {
    let (of_a_box, of_a_line) = (profile(BOX), profile(LINE));
    let idle = drawn("hello", "");
    let with = |change: fn(&mut PaneCapture)| {
        let mut changed = idle.clone();
        change(&mut changed);
        changed
    };
    let later = |refusal| (Step::Wait, refused(refusal));
    let at_once = |refusal: Refusal| (refused(refusal.clone()), refused(refusal));
    let table = [
        (&of_a_box, idle.clone(), (Step::Type, Step::Type)),
        (&of_a_box, drawn("hello", "a draft"), later(Refusal::Draft)),
        (&of_a_box, captured("loading"), later(Refusal::NoComposer)),
        (&of_a_box, captured(""), later(Refusal::NoComposer)),
        (&of_a_box, captured(" Proceed?\n > Yes"), later(Refusal::Dialog("permission".to_owned()))),
        (&of_a_box, drawn(" Proceed?", ""), (Step::Type, Step::Type)),
        (&of_a_box, drawn(" Menu", ""), later(Refusal::Dialog("menu".to_owned()))),
        (&of_a_box, drawn(" Working", ""), (Step::Type, Step::Type)),
        (&of_a_box, with(|capture| capture.in_mode = true), later(Refusal::InMode)),
        (&of_a_box, with(|capture| capture.input = UNREAD), later(Refusal::NotReading)),
        (&of_a_box, with(|capture| capture.input = BY_LINES), later(Refusal::NoComposer)),
        (&of_a_box, with(|capture| capture.input = None), (Step::Type, Step::Type)),
        (&of_a_box, with(|capture| capture.process = PaneProcess::Dead), at_once(Refusal::Dead)),
        (&of_a_box, with(|capture| capture.process = PaneProcess::Another), at_once(Refusal::AnotherProcess)),
        (&of_a_box, with(|capture| capture.process = PaneProcess::Gone), at_once(Refusal::NoSession)),
        (&of_a_line, captured("out\nhost:~$ "), (Step::Type, Step::Type)),
        (&of_a_line, captured("host:~$ ls -"), later(Refusal::Draft)),
        (&of_a_line, captured("Compiling"), later(Refusal::NoComposer)),
        (
            &of_a_line,
            PaneCapture {
                input: Some(TerminalInput { unread: 0, canonical: true, echo: false }),
                ..captured("Secret$ ")
            },
            later(Refusal::Dialog("password".to_owned())),
        ),
        (&of_a_line, captured(""), later(Refusal::NoComposer)),
    ];
    let now = Instant::now();
    for (profile, capture, expected) in table {
        let attempt = DeliveryAttempt::new(profile, "[a -> b:c] hi", options(), now);
        assert_eq!(now_and_late(&attempt, &capture, now), expected, "{capture:?}");
    }
}

#[test]
fn typing_only_when_idle_waits_for_a_working_agent() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt =
        DeliveryAttempt::new(&profile, "hi there", DeliveryOptions { only_when_idle: true, ..options() }, now);
    assert_eq!(now_and_late(&attempt, &drawn(" Working", ""), now), (Step::Wait, refused(Refusal::Busy)));
    assert_eq!(attempt.next(&drawn("", ""), now), Step::Type);
}

#[test]
fn enter_is_pressed_when_the_composer_shows_exactly_the_text() {
    let (of_a_box, of_a_line) = (profile(BOX), profile(LINE));
    let text = "[a -> b:c] one two\nthree";
    let not_shown = (Step::Wait, unconfirmed(UnconfirmedReason::NotShown));
    let pressed = || (Step::Press, Step::Press);
    let table = [
        (drawn("", "[a -> b:c] one two\nthree"), pressed()),
        (drawn("", "[a -> b:c] one\ntwo\nthree"), pressed()),
        (drawn("", "[paste 2 lines]"), not_shown.clone()),
        (captured("-- more\ntwo\nthree\n-----"), pressed()),
        (drawn("", ""), not_shown.clone()),
        (drawn("", "[a -> b:c] one"), not_shown.clone()),
        (drawn("", "x [a -> b:c] one two\nthree"), not_shown.clone()),
        (drawn("", "[a -> b:c] one two\nthree y"), not_shown.clone()),
        (drawn("", "[paste 3 lines]x"), not_shown.clone()),
        (drawn("", "[paste 7 lines]"), not_shown.clone()),
        (captured("-- more\nother\n-----"), not_shown.clone()),
        (captured(" Proceed?"), not_shown),
        (PaneCapture { in_mode: true, ..drawn("", text) }, (Step::Wait, unconfirmed(UnconfirmedReason::InMode))),
        (
            PaneCapture { process: PaneProcess::Dead, ..drawn("", "") },
            (unconfirmed(UnconfirmedReason::ProcessEnded), unconfirmed(UnconfirmedReason::ProcessEnded)),
        ),
        (
            PaneCapture { process: PaneProcess::Another, ..drawn("", text) },
            (unconfirmed(UnconfirmedReason::ProcessEnded), unconfirmed(UnconfirmedReason::ProcessEnded)),
        ),
    ];
    let now = Instant::now();
    for (capture, expected) in table {
        let mut attempt = DeliveryAttempt::new(&of_a_box, text, options(), now);
        attempt.record_typed(&drawn("", ""), now);
        assert_eq!(now_and_late(&attempt, &capture, now), expected, "{capture:?}");
    }
    let mut attempt = DeliveryAttempt::new(&of_a_line, "ls > x", options(), now);
    attempt.record_typed(&captured("host:~$ "), now);
    for (line, expected) in [("host:~$ ls > x", Step::Press), ("host:~$ ls > xy", Step::Wait), ("ls > x", Step::Wait)] {
        assert_eq!(attempt.next(&captured(line), now), expected, "{line}");
    }
}

#[test]
fn a_paste_note_stands_for_a_long_text_of_the_length_it_names() {
    let (profile, now) = (profile(BOX), Instant::now());
    let long = "x".repeat(200);
    for (text, note, expected) in [
        ("a\nb\nc", "[paste 3 lines]", Step::Press),
        ("a\nb\nc", "[paste 2 lines]", Step::Press),
        ("a\nb\nc", "[paste 4 lines]", Step::Wait),
        ("a\nb", "[paste 2 lines]", Step::Wait),
        ("hi", "[paste 1 lines]", Step::Wait),
        (long.as_str(), "[paste 1 lines]", Step::Press),
    ] {
        let mut attempt = DeliveryAttempt::new(&profile, text, options(), now);
        attempt.record_typed(&drawn("", ""), now);
        assert_eq!(attempt.next(&drawn("", note), now), expected, "{text}: {note}");
    }
}

#[test]
fn a_text_without_letters_is_compared_character_by_character() {
    let (profile, now) = (profile(BOX), Instant::now());
    let mut attempt = DeliveryAttempt::new(&profile, "👍", options(), now);
    attempt.record_typed(&drawn("", ""), now);
    assert_eq!(attempt.next(&drawn("", "another draft"), now), Step::Wait);
    assert_eq!(attempt.next(&drawn("", "👍"), now), Step::Press);
}

/// Returns an attempt whose text was typed and entered, with this text above the composer.
fn submitted<'a>(
    profile: &'a Profile,
    text: &str,
    above: &str,
    options: DeliveryOptions,
    now: Instant,
) -> DeliveryAttempt<'a> {
    let mut attempt = DeliveryAttempt::new(profile, text, options, now);
    attempt.record_typed(&drawn(above, ""), now);
    attempt.record_enter(&drawn(above, text), now);
    attempt
}

#[test]
fn a_message_is_accepted_when_it_left_the_composer_and_appears_as_a_turn() {
    let profile = profile(BOX);
    let (text, before) = ("[a -> b:c] **go** on", " [a -> b:c] go on\n noted");
    let accepted = || (Step::End(Outcome::Accepted), Step::End(Outcome::Accepted));
    let queued = || (Step::End(Outcome::Queued), Step::End(Outcome::Queued));
    let twice = format!("{before}\n [a -> b:c] go on");
    let table = [
        (drawn(&twice, ""), accepted()),
        (drawn(&twice, "a person types on"), accepted()),
        (captured(&format!("{twice}\n Proceed?")), accepted()),
        (captured(&format!("{twice}\n-----\nhalf a frame")), (Step::Wait, unconfirmed(UnconfirmedReason::NoTurn))),
        (drawn(&format!("{before}\n Working"), ""), accepted()),
        (PaneCapture { is_reported: true, ..drawn(before, text) }, accepted()),
        (drawn(&format!("{before}\n Later: [a -> b:c] **g..."), ""), queued()),
        (drawn(&format!("{before}\n Later: [x -> b:c] go"), ""), (Step::Wait, unconfirmed(UnconfirmedReason::NoTurn))),
        (drawn(before, ""), (Step::Wait, unconfirmed(UnconfirmedReason::NoTurn))),
        (drawn(before, "something else"), (Step::Wait, unconfirmed(UnconfirmedReason::NoTurn))),
        (PaneCapture { input: UNREAD, ..drawn(before, "") }, (Step::Wait, unconfirmed(UnconfirmedReason::NotRead))),
        (
            PaneCapture { input: UNREAD, ..drawn(before, text) },
            (Step::Wait, unconfirmed(UnconfirmedReason::StillInComposer)),
        ),
        (
            PaneCapture { process: PaneProcess::Dead, ..drawn(before, "") },
            (unconfirmed(UnconfirmedReason::ProcessEnded), unconfirmed(UnconfirmedReason::ProcessEnded)),
        ),
    ];
    let now = Instant::now();
    for (capture, expected) in table {
        let attempt = submitted(&profile, text, before, options(), now);
        assert_eq!(now_and_late(&attempt, &capture, now), expected, "{capture:?}");
    }
}

#[test]
fn a_queue_note_that_replaces_an_equal_one_counts() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = submitted(&profile, "go on now", " Later: go on now", options(), now);
    assert_eq!(attempt.next(&drawn(" go on now\n Later: go on now", ""), now), Step::End(Outcome::Queued));
}

#[test]
fn a_command_is_accepted_when_it_leaves_the_composer() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = submitted(&profile, "/new", "", options(), now);
    assert_eq!(attempt.next(&drawn("", "/new"), now), Step::Wait);
    assert_eq!(attempt.next(&drawn("", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn waiting_for_a_turn_does_not_end_at_a_queue_note() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = submitted(&profile, "go on now", "", DeliveryOptions { until_turn: true, ..options() }, now);
    let kept = drawn(" Later: go on now", "");
    assert_eq!(now_and_late(&attempt, &kept, now), (Step::Wait, Step::End(Outcome::Queued)));
    assert_eq!(attempt.next(&drawn(" go on now", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn an_enter_without_effect_is_pressed_again_once_and_only_on_our_text() {
    let (profile, now) = (profile(BOX), Instant::now());
    let text = "go on now";
    let later = now + DeliveryTimeouts::default().retry_enter;
    let still = drawn("", text);
    let mut attempt = submitted(&profile, text, "", options(), now);
    assert_eq!(attempt.next(&still, now), Step::Wait);
    for other in [
        drawn("", "go on now!"),
        drawn("", "go on\nnow"),
        drawn("", ""),
        PaneCapture { input: UNREAD, ..still.clone() },
        PaneCapture { input: None, ..still.clone() },
        PaneCapture { in_mode: true, ..still.clone() },
    ] {
        assert_eq!(attempt.next(&other, later), Step::Wait, "{other:?}");
    }
    assert_eq!(attempt.next(&still, later), Step::Press);
    attempt.record_enter(&still, later);
    assert_eq!(attempt.next(&still, later + DeliveryTimeouts::default().retry_enter), Step::Wait);
    assert_eq!(attempt.next(&still, now + LATE), unconfirmed(UnconfirmedReason::StillInComposer));

    let unwanted = submitted(&profile, text, "", DeliveryOptions { retry_enter: false, ..options() }, now);
    assert_eq!(unwanted.next(&still, later), Step::Wait);
}

#[test]
fn a_line_is_accepted_when_it_was_read_even_without_a_new_prompt() {
    let (profile, now) = (profile(LINE), Instant::now());
    let mut attempt = DeliveryAttempt::new(&profile, "sleep 9", options(), now);
    attempt.record_typed(&captured("~$ "), now);
    attempt.record_enter(&captured("~$ sleep 9"), now);
    assert_eq!(attempt.next(&captured("~$ sleep 9"), now), Step::Wait);
    assert_eq!(attempt.next(&PaneCapture { input: UNREAD, ..captured("~$ sleep 9\n") }, now), Step::Wait);
    let mut running = Screen::from_text("~$ sleep 9\nx");
    running.lines[1] = mosaic_runtimes::StyledLine::default();
    let running = PaneCapture { screen: running, ..captured("") };
    assert_eq!(attempt.next(&running, now), Step::End(Outcome::Accepted));
    assert_eq!(attempt.next(&captured("~$ sleep 9\n~$ "), now), Step::End(Outcome::Accepted));
}
