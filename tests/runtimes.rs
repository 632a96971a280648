//! `mosaic RUNTIME` and `mosaic yolo RUNTIME` become the runtime itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use harness::{Binaries, Fleet};
use std::process::{Command, Output, Stdio};

/// A fleet in which every runtime is a program that tells what it was given.
fn fleet() -> Fleet {
    let fleet = Fleet::new();
    for name in ["claude", "codex", "pi", "opencode", "site-agent"] {
        let script = "#!/bin/sh\necho \"$$ ${0##*/} $* [$OPENCODE_PERMISSION]\"\nexit 5\n";
        fleet.install_script(&fleet.home().join("bin").join(name), script);
    }
    fleet
}

fn mosaic(fleet: &Fleet, words: &[&str]) -> Command {
    let path = format!("{}:{}", fleet.home().join("bin").display(), fleet.environment()["PATH"]);
    let mut command = fleet.command(Binaries::mosaic());
    command.env("PATH", path).args(words);
    command
}

/// What the runtime was given, when it took the place of `mosaic` in its process.
fn given(fleet: &Fleet, words: &[&str]) -> String {
    let child = mosaic(fleet, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "its own exit code: {output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let (of, rest) = told.trim_end().split_once(' ').unwrap();
    assert_eq!(of, pid, "another process than mosaic's: {told}");
    rest.to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_process_becomes_the_runtime_with_its_own_switch_and_the_arguments() {
    let fleet = fleet();
    let table: [(&[&str], &str); 8] = [
        (&["claude"], "claude  []"),
        (&["claude", "--resume"], "claude --resume []"),
        (&["claude", "--", "--help"], "claude --help []"),
        (&["yolo", "claude"], "claude --dangerously-skip-permissions []"),
        (&["yolo", "claude", "--", "-c"], "claude --dangerously-skip-permissions -c []"),
        (&["yolo", "codex", "resume", "--last"], "codex --dangerously-bypass-approvals-and-sandbox resume --last []"),
        (&["yolo", "pi", "--offline"], "pi --offline []"),
        (&["yolo", "opencode"], "opencode  [{\"*\":\"allow\"}]"),
    ];
    for (words, expected) in table {
        assert_eq!(given(&fleet, words), expected, "{words:?}");
    }
}

#[test]
fn a_command_can_be_seen_without_being_run() {
    let fleet = fleet();
    let output = mosaic(&fleet, &["yolo", "claude", "--print-command", "--", "a b"]).output().unwrap();
    let line = format!("{} --dangerously-skip-permissions 'a b'\n", fleet.home().join("bin/claude").display());
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap()), (Some(0), line));
}

#[test]
fn a_runtime_that_is_not_installed_is_told_with_the_path_and_what_installs_it() {
    let fleet = fleet();
    let output = mosaic(&fleet, &["yolo", "codex"]).env("PATH", "/nonexistent:/usr/bin").output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    let said = said(&output);
    assert!(said.contains("/nonexistent:/usr/bin") && said.contains("npm install -g @openai/codex"), "{said}");
}

#[test]
fn a_runtime_of_the_roster_is_run_by_its_line() {
    let fleet = fleet();
    let directory = fleet.mosaic_home().join("fleet");
    std::fs::create_dir_all(&directory).unwrap();
    let roster = "version: 1\ntransport: tmux\nruntimes:\n  mine:\n    command: OPENCODE_PERMISSION=x site-agent --all\n\
                  agents:\n  - name: coder0\n    runtime: mine\n    class: implementer\n";
    std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    assert_eq!(given(&fleet, &["yolo", "mine", "--model", "a b"]), "site-agent --all --model a b [x]");
    assert_eq!(given(&fleet, &["mine"]), "site-agent --all [x]");
}

#[test]
fn a_slip_of_the_finger_is_told_what_was_meant() {
    let fleet = fleet();
    for (word, meant) in [("flet", "fleet"), ("cladue", "claude"), ("agnet", "agent")] {
        let output = mosaic(&fleet, &[word, "ps"]).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let said = said(&output);
        assert!(
            said.contains(&format!("did you mean {meant}?")) && said.contains("claude, codex, pi, opencode"),
            "{said}"
        );
    }
}
