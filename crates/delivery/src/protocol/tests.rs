//! Tables of the next step for an capture.

use std::path::Path;
use std::time::{Duration, Instant};

use mosaic_process::TerminalInput;

use mosaic_runtimes::{Profile, Screen};

use super::{
    Clearing, ClearingStep, DeliveryAttempt, DeliveryOptions, DeliveryTimeouts, LeftText, PaneCapture, PaneProcess,
    Step,
};
use crate::{Outcome, Refusal, UnconfirmedReason};

pub(super) const BOX: &str = "
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

pub(super) fn profile(text: &str) -> Profile {
    Profile::parse(text, Path::new("profile")).unwrap()
}

/// Returns a capture of a screen whose cursor is at the end of its last line.
fn captured(text: &str) -> PaneCapture {
    let mut screen = Screen::from_text(text);
    screen.cursor_column = text.lines().last().map_or(0, |line| line.chars().count());
    PaneCapture {
        process: PaneProcess::Expected,
        in_mode: false,
        screen,
        input: READ,
        is_reported: false,
        is_shell: false,
    }
}

/// Returns a capture of a screen with this text in the composer, and that text above it.
pub(super) fn drawn(above: &str, composer: &str) -> PaneCapture {
    captured(&format!("{above}\n-----\n{composer}\n-----\n status"))
}

pub(super) fn options() -> DeliveryOptions {
    DeliveryOptions::default()
}

fn refused(refusal: Refusal) -> Step {
    Step::End(Outcome::Refused(refusal))
}

pub(super) fn unconfirmed(reason: UnconfirmedReason) -> Step {
    Step::End(Outcome::Unconfirmed(reason))
}

pub(super) const LATE: Duration = Duration::from_secs(20);

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
        (captured("-- more\nother\n-----"), not_shown),
        (captured(" Proceed?"), (Step::Wait, unconfirmed(UnconfirmedReason::Dialog("permission".to_owned())))),
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
pub(super) fn submitted<'a>(
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
fn enter_is_pressed_again_only_after_it_became_a_line_feed_behind_our_text() {
    let (profile, now) = (profile(BOX), Instant::now());
    let text = "go on now";
    let later = now + DeliveryTimeouts::default().retry_enter;
    let with_line_feed = drawn("", "go on now\n");
    let mut attempt = submitted(&profile, text, "", options(), now);
    assert_eq!(attempt.next(&with_line_feed, now), Step::Wait);
    // A program that has read Enter may act on it at any time, whatever it shows until then.
    for other in [
        drawn("", text),
        drawn("", "go on now!"),
        drawn("", "go on\nnow"),
        drawn("", "go on now\n\n"),
        drawn("", ""),
        PaneCapture { input: UNREAD, ..with_line_feed.clone() },
        PaneCapture { input: None, ..with_line_feed.clone() },
        PaneCapture { in_mode: true, ..with_line_feed.clone() },
    ] {
        assert_eq!(attempt.next(&other, later), Step::Wait, "{other:?}");
    }
    assert_eq!(attempt.next(&with_line_feed, later), Step::Press);
    attempt.record_enter(&with_line_feed, later);
    assert_eq!(attempt.next(&with_line_feed, later + DeliveryTimeouts::default().retry_enter), Step::Wait);
    assert_eq!(attempt.next(&drawn("", text), now + LATE), unconfirmed(UnconfirmedReason::StillInComposer));

    let unwanted = submitted(&profile, text, "", DeliveryOptions { retry_enter: false, ..options() }, now);
    assert_eq!(unwanted.next(&with_line_feed, later), Step::Wait);
}

#[test]
fn a_text_that_an_earlier_sender_left_is_named_and_not_taken_for_a_persons() {
    let (of_a_box, of_a_line, now) = (profile(BOX), profile(LINE), Instant::now());
    let left = |text: &str, is_entered| LeftText {
        id: "00063f2a9b1c4d-1f0c".parse().unwrap(),
        source: "vm:lead".parse().unwrap(),
        text: text.to_owned(),
        preamble: String::new(),
        is_entered,
    };
    let own = || {
        let LeftText { id, source: sender, .. } = left("", false);
        refused(Refusal::OwnDraft { id, sender })
    };
    let later = |refusal| (Step::Wait, refused(refusal));
    let table = [
        (&of_a_box, drawn("", "go on\nnow"), left("go on now", false), (own(), own())),
        (&of_a_box, drawn("", "go on now"), left("go on now", true), (Step::Wait, own())),
        (&of_a_box, drawn("", "go on now!"), left("go on now", false), later(Refusal::Draft)),
        (&of_a_box, drawn("", ""), left("go on now", false), (Step::Type, Step::Type)),
        (&of_a_line, captured("host:~$ ls"), left("ls", false), (own(), own())),
        (&of_a_line, captured("host:~$ ls -l"), left("ls", false), later(Refusal::Draft)),
        (&of_a_line, captured("nols"), left("ls", false), later(Refusal::NoComposer)),
    ];
    for (profile, capture, left, expected) in table {
        let attempt = DeliveryAttempt::new(profile, "another", options(), now).with_left(Some(&left));
        assert_eq!(now_and_late(&attempt, &capture, now), expected, "{left:?}: {capture:?}");
    }
}

#[test]
fn a_text_that_was_left_is_submitted_if_the_composer_shows_it_alone() {
    let (profile, now) = (profile(BOX), Instant::now());
    for (composer, expected) in [("go on\nnow", true), ("go on now, please", false), ("", false)] {
        let resumed = DeliveryAttempt::resume(&profile, ("", "go on now"), options(), &drawn("", composer), now);
        assert_eq!(resumed.is_some(), expected, "{composer}");
        if let Some(attempt) = resumed {
            assert_eq!(attempt.next(&drawn("", composer), now), Step::Press);
        }
    }
}

#[test]
fn a_text_is_removed_from_a_composer_line_by_line() {
    let (profile, now) = (profile(BOX), Instant::now());
    assert!(Clearing::new(&profile, ("", "one\ntwo"), &drawn("", "one\ntwo!"), now).is_none());
    let mut clearing = Clearing::new(&profile, ("", "one\ntwo"), &drawn("", "one\ntwo"), now).unwrap();
    let steps = [
        ("one\ntwo", ClearingStep::Press("C-u")),
        ("one\ntwo", ClearingStep::Wait),
        ("one\n", ClearingStep::Press("BSpace")),
        ("on", ClearingStep::Press("C-u")),
        ("", ClearingStep::Cleared),
    ];
    for (composer, expected) in steps {
        assert_eq!(clearing.next(&drawn("", composer), now), expected, "{composer:?}");
    }
    let mut overtaken = Clearing::new(&profile, ("", "one"), &drawn("", "one"), now).unwrap();
    assert_eq!(overtaken.next(&drawn("", "one of mine"), now), ClearingStep::NotCleared);
    let mut stubborn = Clearing::new(&profile, ("", "one"), &drawn("", "one"), now).unwrap();
    assert_eq!(stubborn.next(&drawn("", "one"), now + LATE), ClearingStep::NotCleared);
}

#[test]
fn a_message_that_is_shown_during_a_turn_is_queued_until_the_turn_ends() {
    let (profile, now) = (profile(BOX), Instant::now());
    let (text, busy, shown) = ("go on now", " Working", " go on now\n Working");
    let during_turn = |options| submitted(&profile, text, busy, options, now);
    let attempt = during_turn(options());
    assert_eq!(attempt.next(&drawn(shown, ""), now), Step::End(Outcome::Queued));
    let mut attempt = during_turn(DeliveryOptions { until_turn: true, ..options() });
    let see = |attempt: &mut DeliveryAttempt<'_>, capture: &PaneCapture| {
        attempt.record_seen(capture);
        attempt.next(capture, now)
    };
    assert_eq!(now_and_late(&attempt, &drawn(shown, ""), now), (Step::Wait, Step::End(Outcome::Queued)));
    // One frame without the mark may be half drawn.
    assert_eq!(see(&mut attempt, &drawn(" go on now", "")), Step::Wait);
    assert_eq!(see(&mut attempt, &drawn(shown, "")), Step::Wait);
    assert_eq!(see(&mut attempt, &drawn(" go on now", "")), Step::Wait);
    assert_eq!(see(&mut attempt, &drawn(" go on now", "")), Step::End(Outcome::Accepted));
    // The next turn may begin at once.
    assert_eq!(see(&mut attempt, &drawn(shown, "")), Step::End(Outcome::Accepted));
    // A program that marks what it keeps has accepted the message when the mark is gone.
    let mut attempt = during_turn(DeliveryOptions { until_turn: true, ..options() });
    assert_eq!(see(&mut attempt, &drawn(" Working\n Later: go on now", "")), Step::Wait);
    assert_eq!(see(&mut attempt, &drawn(shown, "")), Step::End(Outcome::Accepted));
}

#[test]
fn a_shell_below_the_frame_of_an_ended_program_gets_no_message() {
    let (profile, now) = (profile(BOX), Instant::now());
    let attempt = DeliveryAttempt::new(&profile, "hi", options(), now);
    let shell = PaneCapture { is_shell: true, ..drawn("hello", "") };
    assert_eq!(now_and_late(&attempt, &shell, now), (Step::Wait, refused(Refusal::NoComposer)));
}

#[test]
fn a_program_without_a_prompt_is_typed_into_only_on_request_and_without_a_claim() {
    let (profile, now) = (profile(LINE), Instant::now());
    let blank = || {
        let mut screen = Screen::from_text("x");
        screen.lines[0] = mosaic_runtimes::StyledLine::default();
        PaneCapture { screen, ..captured("") }
    };
    let attempt = DeliveryAttempt::new(&profile, "hello", options(), now);
    assert_eq!(now_and_late(&attempt, &blank(), now), (Step::Wait, refused(Refusal::NoComposer)));
    let mut attempt =
        DeliveryAttempt::new(&profile, "hello", DeliveryOptions { without_prompt: true, ..options() }, now);
    assert_eq!(now_and_late(&attempt, &blank(), now), (Step::Wait, Step::Type));
    attempt.record_typed(&blank(), now);
    assert_eq!(attempt.next(&captured("hello"), now), Step::Press);
    assert_eq!(now_and_late(&attempt, &blank(), now), (Step::Wait, Step::Press), "a program may show nothing");
    attempt.record_enter(&captured("hello"), now);
    assert_eq!(attempt.next(&PaneCapture { input: UNREAD, ..captured("hello") }, now), Step::Wait);
    assert_eq!(attempt.next(&captured("hello\nhello\n"), now), unconfirmed(UnconfirmedReason::NoPrompt));
    // A prompt appeared while it was waited for.
    let mut attempt = DeliveryAttempt::new(&profile, "ls", DeliveryOptions { without_prompt: true, ..options() }, now);
    attempt.record_typed(&captured("$ "), now);
    attempt.record_enter(&captured("$ ls"), now);
    assert_eq!(attempt.next(&captured("$ ls\n$ "), now), Step::End(Outcome::Accepted));
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
