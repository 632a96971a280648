//! The profiles that are shipped read recorded screens of the real programs. How they were recorded, and
//! how to record others: `screens/README.md`.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mosaic_domain::MosaicHome;
use mosaic_runtimes::{Composer, Library, Profile, Screen, Sign};
use mosaic_tmux::CapturedPane;

fn screens(runtime: &str) -> BTreeMap<String, Screen> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screens").join(runtime);
    let files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let seen = CapturedPane {
            pid: 1.try_into().unwrap(),
            dead: false,
            in_mode: false,
            width: 100,
            cursor_line: 0,
            cursor_column: 0,
            terminal: "/dev/pts/0".into(),
            lines: text.lines().map(str::to_owned).collect(),
            history: 0,
        };
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), Screen::of(&seen))
    };
    files.into_iter().map(read).collect()
}

fn profile(runtime: &str) -> Profile {
    let nowhere = |name: &str| (name == "MOSAIC_HOME").then(|| "/nonexistent".into());
    Library::of(&MosaicHome::from_environment(nowhere).unwrap()).profile(&runtime.parse().unwrap()).unwrap()
}

/// What is seen, in a word.
fn seen(profile: &Profile, screen: &Screen) -> String {
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

fn all(runtime: &str) -> String {
    let profile = profile(runtime);
    let screens = screens(runtime);
    assert!(screens.len() > 20, "{}", screens.len());
    let lines: Vec<String> =
        screens.iter().map(|(name, screen)| format!("{name:24} {}", seen(&profile, screen))).collect();
    lines.join("\n")
}

#[test]
fn pi() {
    insta::assert_snapshot!(all("pi"));
}

#[test]
fn claude() {
    insta::assert_snapshot!(all("claude"));
}

#[test]
fn codex() {
    insta::assert_snapshot!(all("codex"));
}

#[test]
fn opencode() {
    insta::assert_snapshot!(all("opencode"));
}

/// A dialog is never taken for a place to type into, whatever it looks like.
#[test]
fn nothing_is_typed_into_a_dialog_or_a_draft() {
    for runtime in ["pi", "claude", "codex", "opencode"] {
        let profile = profile(runtime);
        for (name, screen) in screens(runtime) {
            let may_type = seen(&profile, &screen) == "empty";
            let empty = ["idle", "busy", "queued", "turn", "reset", "interrupted", "startup-late", "not-logged-in"];
            let may = empty.iter().any(|empty| name.starts_with(empty)) && name != "busy-draft";
            assert!(may || !may_type, "{runtime}/{name}");
        }
    }
}

#[test]
fn whether_a_program_works_is_seen() {
    for runtime in ["claude", "codex", "opencode", "pi"] {
        let profile = profile(runtime);
        for (name, screen) in screens(runtime) {
            let sign = profile.sign_on(&screen);
            let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
            if begins(&["busy", "queued"]) {
                assert_eq!(sign, Some(Sign::Busy), "{runtime} {name}");
            } else if begins(&["idle", "draft", "reset", "interrupted"]) {
                assert_eq!(sign, Some(Sign::Ready), "{runtime} {name}");
            } else if begins(&["dialog-"]) && !["dialog-slash-completion", "dialog-onboarding"].contains(&name.as_str())
            {
                // A completion goes with the text that it completes, and the picture before the first dialog asks nothing.
                assert!(matches!(sign, Some(Sign::Dialog(_))), "{runtime} {name}: {sign:?}");
            }
        }
    }
}
