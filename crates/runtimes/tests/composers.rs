//! How profiles recognize composers, and what is shown around them.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::path::Path;

use mosaic_runtimes::{Composer, Profile, Screen, ScreenSign};

fn profile(text: &str) -> Profile {
    Profile::parse(&format!("version: 1\n{text}"), Path::new("test.yaml")).unwrap()
}

/// What the composer on a screen shows: `None` without a composer, an empty text if nothing is typed.
fn typed(profile: &Profile, screen: &Screen) -> Option<String> {
    Composer::find(&profile.composer, screen).map(|composer| {
        assert_eq!(composer.is_empty, composer.text.is_empty() || composer.text.trim_end() == ">");
        composer.text
    })
}

/// A composer between lines, with a prompt. The colors of its suggestions are given.
const FRAMED: &str =
    "composer: {kind: box, above: '^-+$', first: '^> ?(.*)$', next: '^  (.*)$', below: '^-+$', hints: ['38;5;103']}\n";

#[test]
fn what_a_program_suggests_is_not_typed_whatever_its_words() {
    let framed = profile(FRAMED);
    let table = [
        ("> \x1b[7mR\x1b[0;2mesend your message\x1b[0m", ""),
        ("> \x1b[7mO\x1b[0;2mnce fixed,\x1b[0m\n  \x1b[2mgo on\x1b[0m", ""),
        ("> \x1b[38;5;103mshall I go on\x1b[39m", ""),
        ("> \x1b[7ms\x1b[27m\x1b[38;5;103mhall I go on\x1b[39m", ""),
        ("> /clear \x1b[38;5;103m[prompt]\x1b[39m", "/clear"),
        // The cursor is on the first character of what a person has typed.
        ("> \x1b[7mR\x1b[0mead it", "Read it"),
        ("> \x1b[7mR\x1b[0m", "R"),
        // The program completes what was typed.
        ("> R\x1b[7me\x1b[0;2mad it\x1b[0m", "Re"),
        ("> \x1b[31mred\x1b[39m", "red"),
    ];
    for (shown, expected) in table {
        let screen = Screen::from_text(&format!("----\n{shown}\n----"));
        assert_eq!(typed(&framed, &screen).as_deref(), Some(expected), "{shown:?}");
    }
    // The terminal's own cursor.
    let text = "----\n> s\x1b[2mhall I go on\x1b[0m\n----";
    let at = |cursor_column| Screen { cursor_line: 1, cursor_column, ..Screen::from_text(text) };
    assert_eq!(typed(&framed, &at(2)).as_deref(), Some(""));
    assert_eq!(typed(&framed, &at(3)).as_deref(), Some("s"));
}

#[test]
fn a_past_turn_that_looks_like_the_composer_hides_no_dialog() {
    let beneath = FRAMED.replace("below: '^-+$'", "below: '^-+$', beneath: '^ ~/\\S* · model'");
    let dialogs = "dialogs: [{name: permission, line: '^ Allow it'}]\nbusy: '^ works'\n";
    let profile = profile(&format!("{beneath}{dialogs}"));
    let turn = "----\n> go on\n----\n";
    let dialog = Screen::from_text(&format!("{turn} Allow it?\n"));
    assert_eq!(typed(&profile, &dialog), None);
    assert_eq!(profile.sign_on(&dialog), Some(ScreenSign::Dialog("permission".to_owned())));
    let unknown = Screen::from_text(&format!("{turn} May I?\n"));
    assert_eq!(profile.sign_on(&unknown), None);
    let ready = Screen::from_text(&format!("{turn}noted\n----\n> \n----\n ~/work · model"));
    assert_eq!((typed(&profile, &ready).as_deref(), profile.sign_on(&ready)), (Some(""), Some(ScreenSign::Ready)));
}

#[test]
fn the_tallest_composer_depends_on_the_height_of_the_pane() {
    let is_cut = |tallest: &str, lines: usize, rows: usize| {
        let profile = profile(&FRAMED.replace("hints:", &format!("tallest: {tallest}, hints:")));
        let text = format!("{}----\n> 1\n{}----", "\n".repeat(rows - lines - 2), "  x\n".repeat(lines - 1));
        let screen = Screen::from_text(&text);
        assert_eq!(screen.lines.len(), rows);
        Composer::find(&profile.composer, &screen).unwrap().is_cut
    };
    for (tallest, lines, rows, expected) in [
        ("7", 7, 40, true),
        ("7", 6, 20, false),
        ("{percent: 30, at_least: 5}", 7, 24, true),
        ("{percent: 30, at_least: 5}", 7, 40, false),
        ("{percent: 30, at_least: 5}", 12, 40, true),
        ("{percent: 30, at_least: 5}", 4, 10, false),
        ("{percent: 30, at_least: 5}", 5, 10, true),
        ("{percent: 50, less: 2}", 8, 20, true),
        ("{percent: 50, less: 2}", 7, 20, false),
    ] {
        assert_eq!(is_cut(tallest, lines, rows), expected, "{lines} lines in {rows} rows with {tallest}");
    }
}

/// A screen whose cursor is behind its last character.
fn at_end(text: &str) -> Screen {
    let last = text.lines().last().unwrap_or_default();
    Screen { cursor_column: last.chars().count(), width: 20, ..Screen::from_text(text) }
}

#[test]
fn a_text_of_several_lines_behind_a_prompt_is_not_an_empty_prompt() {
    let profile = profile("composer: {kind: line, prompt: '^> ?$', above: '^─{5,}$', next: '^> ?(.*)$'}\n");
    let rule = "─".repeat(20);
    let table = [
        (format!("noted\n{rule}\n> "), Some("> ")),
        (format!("noted\n{rule}\n> a\n> "), Some("> a\n")),
        (format!("noted\n{rule}\n> a\n> b"), Some("> a\nb")),
        (format!("{rule}\n> old\nnoted\n{rule}\n> "), Some("> ")),
        (format!("{rule}\n> a\nShall I? "), None),
        ("> ".to_owned(), None),
    ];
    for (text, expected) in table {
        let composer = Composer::find(&profile.composer, &at_end(&text));
        assert_eq!(composer.as_ref().map(|composer| composer.text.as_str()), expected, "{text:?}");
        let is_empty = composer.is_some_and(|composer| composer.is_empty);
        assert_eq!(is_empty, expected == Some("> "), "{text:?}");
    }
}

#[test]
fn what_is_shown_between_work_and_the_composer_is_kept() {
    let profile = profile(&format!(
        "{FRAMED}busy: {{text: '^\\* Thinking .*\\(esc to cancel\\)', rows: 2}}\nqueued: {{line: '^  (?<text>\\S.*)$', place: below-busy}}\n"
    ));
    let kept = |text: &str| {
        let screen = Screen::from_text(text);
        let composer = Composer::find(&profile.composer, &screen);
        let sign = profile.sign_on(&screen);
        let kept = profile.queued_on(&screen, composer.as_ref()).into_iter().filter_map(|(_, text)| text);
        (sign, kept.collect::<Vec<_>>().join("|"))
    };
    let working =
        "  an answer\n* Thinking about\n  it (esc to cancel)\n\n  go on\n  then stop\n----\n> \n----\n  a hint";
    let (sign, texts) = kept(working);
    assert_eq!(sign, Some(ScreenSign::Busy));
    assert!(texts.ends_with("go on|then stop") && !texts.contains("answer") && !texts.contains("hint"), "{texts}");
    assert_eq!(kept("  an answer\n  go on\n----\n> \n----"), (Some(ScreenSign::Ready), String::new()));
}

#[test]
fn a_title_tells_work_and_never_hides_a_dialog() {
    let profile = profile(&format!(
        "{FRAMED}titles: {{working: '^✦', waiting: '^✋', idle: '^◇'}}\nidle: '^ready'\ndialogs: [{{name: trust, line: '^ Trust'}}]\n"
    ));
    let composer = "----\n> \n----\n";
    let table = [
        (composer, "✦ works", Some(ScreenSign::Busy)),
        (composer, "✋ asks", Some(ScreenSign::Dialog("action required".to_owned()))),
        (composer, "◇ Ready", Some(ScreenSign::Ready)),
        // Neither the title nor a line says that it is idle.
        (composer, "host", None),
        ("----\n> \n----\nready", "host", Some(ScreenSign::Ready)),
        (" Trust it?", "◇ Ready", Some(ScreenSign::Dialog("trust".to_owned()))),
        (" Trust it?", "✦ works", Some(ScreenSign::Dialog("trust".to_owned()))),
        (" May I?", "◇ Ready", None),
    ];
    for (text, title, expected) in table {
        let screen = Screen { title: title.to_owned(), ..Screen::from_text(text) };
        assert_eq!(profile.sign_on(&screen), expected, "{text:?} {title}");
    }
}

#[test]
fn a_notice_counts_until_a_turn_has_gone_on() {
    let profile = profile(&format!(
        "{FRAMED}busy: '^ works'\nnotices: [{{name: usage limit, line: {{text: '^! You are out of .* (?<text>resets .*)$', rows: 2}}}}]\n"
    ));
    let notice = "\x1b[31m! You are out of words,\n  resets 3pm\x1b[39m\n\n";
    let limited = Some(ScreenSign::Dialog("usage limit: resets 3pm".to_owned()));
    let table = [
        (notice.to_owned(), limited),
        (format!("{notice}noted\n"), Some(ScreenSign::Ready)),
        ("! You are out of words, resets 3pm\n".to_owned(), Some(ScreenSign::Ready)),
        (format!("{notice} works\n"), Some(ScreenSign::Busy)),
    ];
    for (above, expected) in table {
        let screen = Screen::from_text(&format!("{above}----\n> \n----"));
        assert_eq!(profile.sign_on(&screen), expected, "{above:?}");
    }
}
