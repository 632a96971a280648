//! What is done next, for what is seen: as tables.

use std::path::Path;
use std::time::{Duration, Instant};

use mosaic_process::TerminalInput;

use super::{Errand, Occupant, Patience, Request, Sight, Step};
use crate::{Doubt, Outcome, Refusal};
use mosaic_runtimes::Profile;
use mosaic_runtimes::Screen;

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

/// A screen whose cursor stands at the end of its last line.
fn sight(text: &str) -> Sight {
    let mut screen = Screen::captured(text);
    screen.cursor_column = text.lines().last().map_or(0, |line| line.chars().count());
    Sight { occupant: Occupant::Meant, in_mode: false, screen, input: READ, is_reported: false }
}

/// A screen with this text in the composer, and that above it.
fn drawn(above: &str, composer: &str) -> Sight {
    sight(&format!("{above}\n-----\n{composer}\n-----\n status"))
}

fn request() -> Request {
    Request { only_when_idle: false, rescue: true, until_turn: false, patience: Patience::usual() }
}

fn refused(refusal: Refusal) -> Step {
    Step::End(Outcome::Refused(refusal))
}

fn unconfirmed(doubt: Doubt) -> Step {
    Step::End(Outcome::Unconfirmed(doubt))
}

const LATE: Duration = Duration::from_secs(20);

/// At once, and when all patience is over.
fn now_and_late(errand: &Errand<'_>, sight: &Sight, now: Instant) -> (Step, Step) {
    (errand.next(sight, now), errand.next(sight, now + LATE))
}

#[test]
fn nothing_is_typed_but_into_an_empty_composer_that_is_read() {
    let (of_a_box, of_a_line) = (profile(BOX), profile(LINE));
    let idle = drawn("hello", "");
    let with = |change: fn(&mut Sight)| {
        let mut changed = idle.clone();
        change(&mut changed);
        changed
    };
    let later = |refusal| (Step::Wait, refused(refusal));
    let at_once = |refusal: Refusal| (refused(refusal.clone()), refused(refusal));
    let table = [
        (&of_a_box, idle.clone(), (Step::Type, Step::Type)),
        (&of_a_box, drawn("hello", "a draft"), later(Refusal::Draft)),
        (&of_a_box, sight("loading"), later(Refusal::NoComposer)),
        (&of_a_box, sight(""), later(Refusal::NoComposer)),
        (&of_a_box, sight(" Proceed?\n > Yes"), later(Refusal::Dialog("permission".to_owned()))),
        (&of_a_box, drawn(" Proceed?", ""), (Step::Type, Step::Type)),
        (&of_a_box, drawn(" Menu", ""), later(Refusal::Dialog("menu".to_owned()))),
        (&of_a_box, drawn(" Working", ""), (Step::Type, Step::Type)),
        (&of_a_box, with(|sight| sight.in_mode = true), later(Refusal::InMode)),
        (&of_a_box, with(|sight| sight.input = UNREAD), later(Refusal::NotReading)),
        (&of_a_box, with(|sight| sight.input = BY_LINES), later(Refusal::NoComposer)),
        (&of_a_box, with(|sight| sight.input = None), (Step::Type, Step::Type)),
        (&of_a_box, with(|sight| sight.occupant = Occupant::Dead), at_once(Refusal::Dead)),
        (&of_a_box, with(|sight| sight.occupant = Occupant::Another), at_once(Refusal::AnotherProcess)),
        (&of_a_box, with(|sight| sight.occupant = Occupant::Nobody), at_once(Refusal::NoSession)),
        (&of_a_line, sight("out\nhost:~$ "), (Step::Type, Step::Type)),
        (&of_a_line, sight("host:~$ ls -"), later(Refusal::Draft)),
        (&of_a_line, sight("Compiling"), later(Refusal::NoComposer)),
        (
            &of_a_line,
            Sight { input: Some(TerminalInput { unread: 0, canonical: true, echo: false }), ..sight("Secret$ ") },
            later(Refusal::Dialog("password".to_owned())),
        ),
        (&of_a_line, sight(""), later(Refusal::NoComposer)),
    ];
    let now = Instant::now();
    for (profile, sight, expected) in table {
        let errand = Errand::new(profile, "[a -> b:c] hi", request(), now);
        assert_eq!(now_and_late(&errand, &sight, now), expected, "{sight:?}");
    }
}

#[test]
fn who_wants_the_agent_idle_waits_for_that() {
    let (profile, now) = (profile(BOX), Instant::now());
    let errand = Errand::new(&profile, "hi there", Request { only_when_idle: true, ..request() }, now);
    assert_eq!(now_and_late(&errand, &drawn(" Working", ""), now), (Step::Wait, refused(Refusal::Busy)));
    assert_eq!(errand.next(&drawn("", ""), now), Step::Type);
}

#[test]
fn enter_is_pressed_when_the_composer_shows_just_the_text() {
    let (of_a_box, of_a_line) = (profile(BOX), profile(LINE));
    let text = "[a -> b:c] one two\nthree";
    let not_shown = (Step::Wait, unconfirmed(Doubt::NotShown));
    let pressed = || (Step::Press, Step::Press);
    let table = [
        (drawn("", "[a -> b:c] one two\nthree"), pressed()),
        (drawn("", "[a -> b:c] one\ntwo\nthree"), pressed()),
        (drawn("", "[paste 2 lines]"), not_shown.clone()),
        (sight("-- more\ntwo\nthree\n-----"), pressed()),
        (drawn("", ""), not_shown.clone()),
        (drawn("", "[a -> b:c] one"), not_shown.clone()),
        (drawn("", "x [a -> b:c] one two\nthree"), not_shown.clone()),
        (drawn("", "[a -> b:c] one two\nthree y"), not_shown.clone()),
        (drawn("", "[paste 3 lines]x"), not_shown.clone()),
        (drawn("", "[paste 7 lines]"), not_shown.clone()),
        (sight("-- more\nother\n-----"), not_shown.clone()),
        (sight(" Proceed?"), not_shown),
        (Sight { in_mode: true, ..drawn("", text) }, (Step::Wait, unconfirmed(Doubt::InMode))),
        (
            Sight { occupant: Occupant::Dead, ..drawn("", "") },
            (unconfirmed(Doubt::ProcessEnded), unconfirmed(Doubt::ProcessEnded)),
        ),
        (
            Sight { occupant: Occupant::Another, ..drawn("", text) },
            (unconfirmed(Doubt::ProcessEnded), unconfirmed(Doubt::ProcessEnded)),
        ),
    ];
    let now = Instant::now();
    for (sight, expected) in table {
        let mut errand = Errand::new(&of_a_box, text, request(), now);
        errand.typed(&drawn("", ""), now);
        assert_eq!(now_and_late(&errand, &sight, now), expected, "{sight:?}");
    }
    let mut errand = Errand::new(&of_a_line, "ls > x", request(), now);
    errand.typed(&sight("host:~$ "), now);
    for (line, expected) in [("host:~$ ls > x", Step::Press), ("host:~$ ls > xy", Step::Wait), ("ls > x", Step::Wait)] {
        assert_eq!(errand.next(&sight(line), now), expected, "{line}");
    }
}

#[test]
fn a_note_stands_for_a_text_that_is_worth_folding_and_as_long_as_it_says() {
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
        let mut errand = Errand::new(&profile, text, request(), now);
        errand.typed(&drawn("", ""), now);
        assert_eq!(errand.next(&drawn("", note), now), expected, "{text}: {note}");
    }
}

#[test]
fn signs_alone_are_ours_only_sign_for_sign() {
    let (profile, now) = (profile(BOX), Instant::now());
    let mut errand = Errand::new(&profile, "👍", request(), now);
    errand.typed(&drawn("", ""), now);
    assert_eq!(errand.next(&drawn("", "somebody's draft"), now), Step::Wait);
    assert_eq!(errand.next(&drawn("", "👍"), now), Step::Press);
}

/// A text that was typed and entered, over a screen with this above the composer.
fn submitted<'a>(profile: &'a Profile, text: &str, above: &str, request: Request, now: Instant) -> Errand<'a> {
    let mut errand = Errand::new(profile, text, request, now);
    errand.typed(&drawn(above, ""), now);
    errand.pressed(&drawn(above, text), now);
    errand
}

#[test]
fn accepted_is_what_left_the_composer_and_shows_as_a_turn() {
    let profile = profile(BOX);
    let (text, before) = ("[a -> b:c] **go** on", " [a -> b:c] go on\n noted");
    let accepted = || (Step::End(Outcome::Accepted), Step::End(Outcome::Accepted));
    let queued = || (Step::End(Outcome::Queued), Step::End(Outcome::Queued));
    let twice = format!("{before}\n [a -> b:c] go on");
    let table = [
        (drawn(&twice, ""), accepted()),
        (drawn(&twice, "somebody types on"), accepted()),
        (sight(&format!("{twice}\n Proceed?")), accepted()),
        (sight(&format!("{twice}\n-----\nhalf a frame")), (Step::Wait, unconfirmed(Doubt::NoTurn))),
        (drawn(&format!("{before}\n Working"), ""), accepted()),
        (Sight { is_reported: true, ..drawn(before, text) }, accepted()),
        (drawn(&format!("{before}\n Later: [a -> b:c] **g..."), ""), queued()),
        (drawn(&format!("{before}\n Later: [x -> b:c] go"), ""), (Step::Wait, unconfirmed(Doubt::NoTurn))),
        (drawn(before, ""), (Step::Wait, unconfirmed(Doubt::NoTurn))),
        (drawn(before, "something else"), (Step::Wait, unconfirmed(Doubt::NoTurn))),
        (Sight { input: UNREAD, ..drawn(before, "") }, (Step::Wait, unconfirmed(Doubt::NotRead))),
        (Sight { input: UNREAD, ..drawn(before, text) }, (Step::Wait, unconfirmed(Doubt::StillThere))),
        (
            Sight { occupant: Occupant::Dead, ..drawn(before, "") },
            (unconfirmed(Doubt::ProcessEnded), unconfirmed(Doubt::ProcessEnded)),
        ),
    ];
    let now = Instant::now();
    for (sight, expected) in table {
        let errand = submitted(&profile, text, before, request(), now);
        assert_eq!(now_and_late(&errand, &sight, now), expected, "{sight:?}");
    }
}

#[test]
fn a_note_that_takes_the_place_of_an_equal_one_is_a_note() {
    let (profile, now) = (profile(BOX), Instant::now());
    let errand = submitted(&profile, "go on now", " Later: go on now", request(), now);
    assert_eq!(errand.next(&drawn(" go on now\n Later: go on now", ""), now), Step::End(Outcome::Queued));
}

#[test]
fn a_command_is_accepted_when_it_leaves_the_composer() {
    let (profile, now) = (profile(BOX), Instant::now());
    let errand = submitted(&profile, "/new", "", request(), now);
    assert_eq!(errand.next(&drawn("", "/new"), now), Step::Wait);
    assert_eq!(errand.next(&drawn("", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn who_wants_a_turn_is_not_content_with_a_note() {
    let (profile, now) = (profile(BOX), Instant::now());
    let errand = submitted(&profile, "go on now", "", Request { until_turn: true, ..request() }, now);
    let kept = drawn(" Later: go on now", "");
    assert_eq!(now_and_late(&errand, &kept, now), (Step::Wait, Step::End(Outcome::Queued)));
    assert_eq!(errand.next(&drawn(" go on now", ""), now), Step::End(Outcome::Accepted));
}

#[test]
fn a_swallowed_enter_is_pressed_again_once_and_only_on_what_is_ours() {
    let (profile, now) = (profile(BOX), Instant::now());
    let text = "go on now";
    let later = now + Patience::usual().rescue;
    let still = drawn("", text);
    let mut errand = submitted(&profile, text, "", request(), now);
    assert_eq!(errand.next(&still, now), Step::Wait);
    for other in [
        drawn("", "go on now!"),
        drawn("", "go on\nnow"),
        drawn("", ""),
        Sight { input: UNREAD, ..still.clone() },
        Sight { input: None, ..still.clone() },
        Sight { in_mode: true, ..still.clone() },
    ] {
        assert_eq!(errand.next(&other, later), Step::Wait, "{other:?}");
    }
    assert_eq!(errand.next(&still, later), Step::Press);
    errand.pressed(&still, later);
    assert_eq!(errand.next(&still, later + Patience::usual().rescue), Step::Wait);
    assert_eq!(errand.next(&still, now + LATE), unconfirmed(Doubt::StillThere));

    let unwanted = submitted(&profile, text, "", Request { rescue: false, ..request() }, now);
    assert_eq!(unwanted.next(&still, later), Step::Wait);
}

#[test]
fn a_line_is_accepted_when_it_was_read_and_a_prompt_need_not_come() {
    let (profile, now) = (profile(LINE), Instant::now());
    let mut errand = Errand::new(&profile, "sleep 9", request(), now);
    errand.typed(&sight("~$ "), now);
    errand.pressed(&sight("~$ sleep 9"), now);
    assert_eq!(errand.next(&sight("~$ sleep 9"), now), Step::Wait);
    assert_eq!(errand.next(&Sight { input: UNREAD, ..sight("~$ sleep 9\n") }, now), Step::Wait);
    let mut running = Screen::captured("~$ sleep 9\nx");
    running.lines[1] = mosaic_runtimes::StyledLine::default();
    let running = Sight { screen: running, ..sight("") };
    assert_eq!(errand.next(&running, now), Step::End(Outcome::Accepted));
    assert_eq!(errand.next(&sight("~$ sleep 9\n~$ "), now), Step::End(Outcome::Accepted));
}
