//! Reads screens that were recorded from the real programs with the shipped profiles. The file `screens/README.md` says how
//! to record screens.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::fs;
use std::path::{Path, PathBuf};

use mosaic_domain::MosaicHome;
use mosaic_runtimes::{Composer, Profile, ProfileLibrary, Screen, ScreenSign};
use mosaic_tmux::CapturedPane;

/// The runtimes whose screens were recorded.
const RECORDED: [&str; 9] = ["claude", "cline", "codex", "copilot", "gemini", "kimi", "opencode", "pi", "qwen"];

/// A screen that was recorded from a real program.
struct Recorded {
    /// The version of the program, the size of the pane, and the name of the state.
    version: String,
    size: String,
    name: String,
    capture: CapturedPane,
}

impl Recorded {
    fn screen(&self) -> Screen {
        Screen::from_capture(&self.capture)
    }

    /// The profile for the version.
    fn profile<'a>(&self, newest: &'a Profile) -> &'a Profile {
        newest.for_version(Some(&self.version.parse().unwrap()))
    }

    fn path(&self) -> String {
        format!("{} {} {}", self.version, self.size, self.name)
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// All recorded screens of a runtime, in all versions and sizes.
fn recorded(runtime: &str) -> Vec<Recorded> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screens").join(runtime);
    let mut all = Vec::new();
    for version in entries(&directory) {
        for size in entries(&version) {
            // The first recordings have no list of cursors and titles.
            let panes = fs::read_to_string(size.join("panes.tsv")).unwrap_or_default();
            let (columns, _) = name_of(&size).split_once('x').map(|(x, y)| (x.parse().unwrap(), y.to_owned())).unwrap();
            for file in entries(&size).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "screen"))
            {
                let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&file).unwrap();
                let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                let pane = panes.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|pane| pane[0] == name);
                let number = |nth: usize| pane.as_ref().map_or(0, |pane| pane[nth].parse().unwrap());
                let capture = CapturedPane {
                    pid: mosaic_domain::Pid::new(1),
                    dead: false,
                    in_mode: false,
                    width: columns,
                    cursor_line: number(2),
                    cursor_column: number(1),
                    terminal: "/dev/pts/0".into(),
                    title: pane.as_ref().map_or(String::new(), |pane| pane[3].to_owned()),
                    lines,
                    history: 0,
                    scrolled: 0,
                };
                all.push(Recorded { version: name_of(&version), size: name_of(&size), name, capture });
            }
        }
    }
    all
}

/// The profile of a runtime, for all versions.
fn profile(runtime: &str) -> Profile {
    let missing_home = |name: &str| (name == "MOSAIC_HOME").then(|| "/nonexistent".into());
    ProfileLibrary::new(&MosaicHome::from_environment(missing_home).unwrap())
        .profile(&runtime.parse().unwrap())
        .unwrap()
}

/// Describes what the profile finds on the screen.
fn describe(profile: &Profile, screen: &Screen) -> String {
    if let Some(dialog) = profile.dialog_on(screen) {
        return format!("dialog: {}", dialog.name);
    }
    match Composer::find(&profile.composer, screen) {
        None => "no composer".to_owned(),
        Some(composer) if composer.is_empty => "empty".to_owned(),
        Some(composer) => {
            let mut lines = composer.text.lines();
            let first: String = lines.next().unwrap_or_default().chars().take(40).collect();
            format!("{first:?} and {} more{}", lines.count(), if composer.is_cut { ", cut" } else { "" })
        }
    }
}

fn describe_all(runtime: &str) -> String {
    let profile = profile(runtime);
    let (mut text, mut last) = (String::new(), String::new());
    for recorded in recorded(runtime) {
        let heading = format!("{} {}", recorded.version, recorded.size);
        if heading != last {
            text.extend([if last.is_empty() { "" } else { "\n" }, "== ", &heading, "\n"]);
            last = heading;
        }
        let screen = recorded.screen();
        let profile = recorded.profile(&profile);
        let sign = match profile.sign_on(&screen) {
            None => "-".to_owned(),
            Some(ScreenSign::Busy) => "busy".to_owned(),
            Some(ScreenSign::Ready) => "ready".to_owned(),
            Some(ScreenSign::Dialog(_)) => "waits".to_owned(),
        };
        let notice = match profile.sign_on(&screen) {
            Some(ScreenSign::Dialog(name)) if name.contains(": ") => format!(", {name}"),
            _ => String::new(),
        };
        let kept = profile.queued_on(&screen, Composer::find(&profile.composer, &screen).as_ref()).len();
        let kept = if kept == 0 { String::new() } else { format!(", {kept} kept") };
        text.push_str(
            &[format!("{:24} {sign:5} {}", recorded.name, describe(profile, &screen)), kept, notice].concat(),
        );
        text.push('\n');
    }
    text
}

#[test]
fn what_the_profiles_find_on_recorded_screens() {
    for runtime in RECORDED {
        insta::assert_snapshot!(runtime, describe_all(runtime));
    }
}

/// A dialog is never taken for an empty composer, whatever it looks like.
#[test]
fn nothing_is_typed_into_a_dialog_or_a_draft() {
    for runtime in RECORDED {
        let profile = profile(runtime);
        for recorded in recorded(runtime) {
            let profile = recorded.profile(&profile);
            let may_type = describe(profile, &recorded.screen()) == "empty";
            let may = is_empty(&recorded.name);
            assert!(may || !may_type, "{runtime} {}", recorded.path());
            // A program that has just been started may show its composer, or not yet.
            let must = may && !recorded.name.starts_with("startup");
            assert!(may_type || !must, "{runtime} {}: {}", recorded.path(), describe(profile, &recorded.screen()));
        }
    }
}

/// Whether the composer is empty in the state of that name. After an interruption, some programs put the message back.
fn is_empty(name: &str) -> bool {
    let empty = ["idle", "busy", "queued", "turn", "reset", "interrupted", "startup", "not-logged-in", "failed"];
    let typed = ["busy-draft", "reset-typed", "interrupted-draft"];
    empty.iter().any(|empty| name.starts_with(empty)) && !typed.contains(&name)
}

#[test]
fn a_working_program_is_recognized() {
    for runtime in RECORDED {
        let profile = profile(runtime);
        for recorded in recorded(runtime) {
            let (name, sign) = (recorded.name.as_str(), recorded.profile(&profile).sign_on(&recorded.screen()));
            let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
            if begins(&["busy", "queued"]) {
                assert_eq!(sign, Some(ScreenSign::Busy), "{runtime} {}", recorded.path());
            } else if let Some((_, what)) =
                [("failed-401", "login: "), ("failed-429", "usage limit: ")].iter().find(|(state, _)| name == *state)
            {
                let is_known = matches!(&sign, Some(ScreenSign::Dialog(name)) if name.starts_with(what));
                assert!(is_known, "{runtime} {}: {sign:?}", recorded.path());
            } else if begins(&["idle", "draft", "reset", "interrupted", "failed"]) {
                assert_eq!(sign, Some(ScreenSign::Ready), "{runtime} {}", recorded.path());
            } else if begins(&["dialog-"]) && !["dialog-slash-completion", "dialog-onboarding"].contains(&name) {
                // A completion belongs to a draft, and the picture before the first dialog asks nothing.
                assert!(matches!(sign, Some(ScreenSign::Dialog(_))), "{runtime} {}: {sign:?}", recorded.path());
            }
        }
    }
}

/// Puts a line of an agent's answer in place of the line that contains `place`, as the program draws answers.
fn with_answer(recorded: &Recorded, place: &str, answer: &str) -> Screen {
    let mut capture = recorded.capture.clone();
    let at =
        capture.lines.iter().position(|line| mosaic_runtimes::StyledLine::parse(line).text.contains(place)).unwrap();
    answer.clone_into(&mut capture.lines[at]);
    Screen::from_capture(&capture)
}

#[test]
fn an_answer_with_the_words_of_a_dialog_or_of_work_is_prose() {
    let table = [
        ("opencode", "noted", "     \x1b[38;5;255mCommands                    esc\x1b[38;5;15m"),
        ("opencode", "noted", "                        \x1b[38;5;255mCommands                    esc\x1b[38;5;15m"),
        ("opencode", "noted", "     \x1b[48;5;236m  Select model              esc  \x1b[48;5;232m"),
        ("opencode", "noted", "     \x1b[38;5;255mpress  esc interrupt  to stop\x1b[38;5;15m"),
        ("codex", "noted", "\x1b[2m• \x1b[0mWorking (3 of 5"),
        ("codex", "noted", "\x1b[2m• \x1b[0mWorking (3s • esc to interrupt)"),
        ("pi", "noted", "\x1b[49m ⠋ Working on it"),
        ("claude", "noted", "\x1b[38;5;231m●\x1b[39m Do you want to proceed?"),
        ("claude", "noted", "  * Thinking about it…"),
    ];
    for (runtime, place, answer) in table {
        for recorded in recorded(runtime).iter().filter(|recorded| recorded.name == "idle-after-turn") {
            let screen = with_answer(recorded, place, answer);
            let sign = profile(runtime).sign_on(&screen);
            assert_eq!(sign, Some(ScreenSign::Ready), "{runtime} {}: {answer:?}", recorded.path());
        }
    }
}

/// pi 1.6 says in the upper line of its composer that it works.
#[test]
fn pi_that_works_in_the_line_of_its_composer_is_busy_and_takes_text() {
    let pi = profile("pi");
    let border = "\x1b[38;2;80;80;80m";
    let line = |working: &str| format!("{border}──\x1b[39m{working}{border}{}\x1b[39m", "─".repeat(80));
    let screen = |upper: &str| Screen::from_text(&format!(" noted\n\n{upper}\n\n{}\n~/w", line("─")));
    let busy = screen(&line(" \x1b[38;2;138;190;183m⠇\x1b[39m Working "));
    assert_eq!((describe(&pi, &busy).as_str(), pi.sign_on(&busy)), ("empty", Some(ScreenSign::Busy)));
    let idle = screen(&line("─"));
    assert_eq!((describe(&pi, &idle).as_str(), pi.sign_on(&idle)), ("empty", Some(ScreenSign::Ready)));
}

/// copilot draws the time into the first line of a turn, between the first two lines of a message.
#[test]
fn the_time_beside_a_turn_is_not_a_part_of_it() {
    let copilot = profile("copilot");
    for (line, expected) in [
        (" ❯ now wait                                   13:03 ┃", " ❯ now wait"),
        (" ❯ at 13:03                                   13:03", " ❯ at 13:03"),
        (" ❯ it is 13:03 here", " ❯ it is 13:03 here"),
    ] {
        assert_eq!(copilot.without_margin(line), expected);
        assert_eq!(profile("claude").without_margin(line), line);
    }
}

/// A program of a version that is not known.
#[derive(Clone, Copy, Debug)]
enum Alteration {
    /// Other frames: every mark of a border, a pointer or a spinner is another one.
    Marks,
    /// Other words: every letter is another one.
    Words,
    /// Both.
    All,
}

impl Alteration {
    const ALL: [Self; 3] = [Self::Marks, Self::Words, Self::All];

    /// Alters a line, in the same way wherever the same character occurs. Escape sequences stay.
    fn line(self, line: &str, seed: u32) -> String {
        let (mut altered, mut rest) = (String::new(), line.chars().peekable());
        while let Some(character) = rest.next() {
            if character == '\u{1b}' {
                altered.push(character);
                let is_csi = rest.peek() == Some(&'[');
                for parameter in rest.by_ref() {
                    altered.push(parameter);
                    if (is_csi && parameter.is_ascii_alphabetic()) || (!is_csi && parameter == '\\') {
                        break;
                    }
                }
                continue;
            }
            altered.push(self.character(character, seed));
        }
        altered
    }

    fn character(self, character: char, seed: u32) -> char {
        let shifted =
            |base: char| char::from_u32(u32::from(base) + (u32::from(character) - u32::from(base) + seed) % 26);
        let (words, marks) = (!matches!(self, Self::Marks), !matches!(self, Self::Words));
        match character {
            'a'..='z' if words => shifted('a').unwrap(),
            'A'..='Z' if words => shifted('A').unwrap(),
            // Other shapes of the same blocks of Unicode.
            '\u{2010}'..='\u{2bff}' if marks => char::from_u32(u32::from(character) ^ (1 + seed % 7)).unwrap(),
            '>' if marks => '}',
            other => other,
        }
    }

    fn of(self, recorded: &Recorded, seed: u32) -> Screen {
        let mut capture = recorded.capture.clone();
        capture.title = self.line(&capture.title, seed);
        capture.lines = capture.lines.iter().map(|line| self.line(line, seed)).collect();
        Screen::from_capture(&capture)
    }
}

/// A version whose screens are drawn otherwise is not known to be idle while it works or asks something, and nothing is typed
/// into its dialogs.
#[test]
fn an_unknown_version_is_never_idle_while_it_works_or_asks() {
    let mut wrong = Vec::new();
    for runtime in RECORDED {
        let profile = profile(runtime);
        for recorded in recorded(runtime) {
            let begins = |words: &[&str]| words.iter().any(|word| recorded.name.starts_with(word));
            let is_completion = recorded.name == "dialog-slash-completion";
            let (works, asks) = (begins(&["busy", "queued"]), begins(&["dialog-"]) && !is_completion);
            for (alteration, seed) in Alteration::ALL.into_iter().flat_map(|kind| (1..=2).map(move |seed| (kind, seed)))
            {
                let screen = alteration.of(&recorded, seed);
                let sign = profile.sign_on(&screen);
                if (works || asks) && sign == Some(ScreenSign::Ready) {
                    wrong.push(format!("{runtime} {} with other {alteration:?} {seed}: ready", recorded.path()));
                }
                if asks && describe(&profile, &screen) == "empty" {
                    wrong.push(format!("{runtime} {} with other {alteration:?} {seed}: takes text", recorded.path()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} screens are misread:\n{}", wrong.len(), wrong.join("\n"));
}
