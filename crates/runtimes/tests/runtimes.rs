//! Reads screens that were recorded from the real programs with the shipped profiles, and adds a runtime by a profile of
//! the site. The file `screens/README.md` says how to record screens.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mosaic_domain::MosaicHome;
use mosaic_runtimes::{
    Composer, LaunchContext, LaunchMode, LaunchRequest, Profile, ProfileLibrary, Screen, ScreenSign,
};
use mosaic_tmux::CapturedPane;

fn screens(runtime: &str) -> BTreeMap<String, Screen> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screens").join(runtime);
    let files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let capture = CapturedPane {
            pid: mosaic_domain::Pid::new(1),
            dead: false,
            in_mode: false,
            width: 100,
            cursor_line: 0,
            cursor_column: 0,
            terminal: "/dev/pts/0".into(),
            lines: text.lines().map(str::to_owned).collect(),
            history: 0,
        };
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), Screen::from_capture(&capture))
    };
    files.into_iter().map(read).collect()
}

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
    let screens = screens(runtime);
    assert!(screens.len() > 20, "{}", screens.len());
    let lines: Vec<String> =
        screens.iter().map(|(name, screen)| format!("{name:24} {}", describe(&profile, screen))).collect();
    lines.join("\n")
}

#[test]
fn pi() {
    insta::assert_snapshot!(describe_all("pi"));
}

#[test]
fn claude() {
    insta::assert_snapshot!(describe_all("claude"));
}

#[test]
fn codex() {
    insta::assert_snapshot!(describe_all("codex"));
}

#[test]
fn opencode() {
    insta::assert_snapshot!(describe_all("opencode"));
}

#[test]
fn qwen() {
    insta::assert_snapshot!(describe_all("qwen"));
}

/// A dialog is never taken for an empty composer, whatever it looks like.
#[test]
fn nothing_is_typed_into_a_dialog_or_a_draft() {
    for runtime in ["pi", "claude", "codex", "opencode", "qwen"] {
        let profile = profile(runtime);
        for (name, screen) in screens(runtime) {
            let may_type = describe(&profile, &screen) == "empty";
            let empty = ["idle", "busy", "queued", "turn", "reset", "interrupted", "startup-late", "not-logged-in"];
            let may = empty.iter().any(|empty| name.starts_with(empty)) && name != "busy-draft";
            assert!(may || !may_type, "{runtime}/{name}");
        }
    }
}

#[test]
fn a_working_program_is_recognized() {
    for runtime in ["claude", "codex", "opencode", "pi", "qwen"] {
        let profile = profile(runtime);
        for (name, screen) in screens(runtime) {
            let sign = profile.sign_on(&screen);
            let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
            if begins(&["busy", "queued"]) {
                assert_eq!(sign, Some(ScreenSign::Busy), "{runtime} {name}");
            } else if begins(&["idle", "draft", "reset", "interrupted"]) {
                assert_eq!(sign, Some(ScreenSign::Ready), "{runtime} {name}");
            } else if begins(&["dialog-"]) && !["dialog-slash-completion", "dialog-onboarding"].contains(&name.as_str())
            {
                // A completion belongs to a draft, and the picture before the first dialog asks nothing.
                assert!(matches!(sign, Some(ScreenSign::Dialog(_))), "{runtime} {name}: {sign:?}");
            }
        }
    }
}

/// Puts a line of an agent's answer in place of the line that contains `place`, as the program draws answers.
fn with_answer(runtime: &str, screen: &str, place: &str, answer: &str) -> Screen {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screens").join(runtime).join(format!("{screen}.screen"));
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| mosaic_runtimes::StyledLine::parse(line).text.contains(place)).unwrap();
    answer.clone_into(&mut lines[at]);
    Screen { width: 100, ..Screen::from_text(&lines.join("\n")) }
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
        let screen = with_answer(runtime, "idle-after-turn", place, answer);
        assert_eq!(profile(runtime).sign_on(&screen), Some(ScreenSign::Ready), "{runtime}: {answer:?}");
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

const FICTIONAL: &str = "
version: 1
programs: [crab]
launch:
  program: crab
  arguments: [--quiet]
  install: cargo install crab
  updater: {arguments: [self, update], install_version: [self, install]}
  unattended: {arguments: [--yes], environment: {CRAB_TRUST: all}}
  prompt: {option: --say}
composer: {kind: box, above: '^=+$', first: '^(.*)$', below: '^=+$'}
busy: '^ pinching'
dialogs: [{name: permission, line: '^ May I'}]
";

#[test]
fn a_site_adds_a_runtime_by_a_profile_alone() {
    let site = tempfile::tempdir().unwrap();
    let home = MosaicHome::from_environment(|_| Some(site.path().into())).unwrap();
    let profiles = site.path().join("fleet/runtimes");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("crab.yaml"), FICTIONAL).unwrap();
    let program = site.path().join("crab");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let prompt = site.path().join("prompt.md");
    fs::write(&prompt, "go on\n").unwrap();

    // It is listed.
    let library = ProfileLibrary::new(&home);
    let names: Vec<String> = library.runtime_names().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["claude", "codex", "pi", "opencode", "qwen", "crab"],
        "expected the shipped runtimes, then the one of this site: if a profile with a `launch` section was added, adapt \
         this list, the one in profile_library.rs and `mosaic_roster::Roster::BUILT_IN_RUNTIMES`"
    );

    // It is launched.
    let crab = library.runtime(&"crab".parse().unwrap()).unwrap().unwrap();
    let context = LaunchContext {
        home: &home,
        mosaic: Path::new("/bin/mosaic"),
        working_directory: site.path(),
        variable: &|name| (name == "PATH").then(|| site.path().into()),
        is_root: true,
    };
    let request = |mode| LaunchRequest { mode, print_only: true, kickstart: None, arguments: &[] };
    let attended = crab.launch_command(&request(LaunchMode::Attended), &context).unwrap();
    assert_eq!(attended.shell_line(), format!("{} --quiet", program.display()));
    let prompted = LaunchRequest { kickstart: Some(&prompt), ..request(LaunchMode::Unattended) };
    let unattended = crab.launch_command(&prompted, &context).unwrap();
    assert_eq!(unattended.shell_line(), format!("CRAB_TRUST=all {} --quiet --yes '--say=go on'", program.display()));
    assert_eq!(crab.updater().unwrap().arguments, ["self", "update"]);

    // It is recognized by its screen.
    let profile = library.profile(&crab.name).unwrap();
    let sign = |text: &str| profile.sign_on(&Screen::from_text(text));
    assert_eq!(sign("hello\n=====\n\n====="), Some(ScreenSign::Ready));
    assert_eq!(sign(" pinching\n=====\n\n====="), Some(ScreenSign::Busy));
    assert_eq!(sign(" May I pinch?"), Some(ScreenSign::Dialog("permission".to_owned())));
}
