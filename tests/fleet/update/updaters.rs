//! Updaters that fail, hang or are missing: no agent is relaunched.

use crate::update::update_fixture::{UpdateFleet, outcomes, pairs, stderr, stdout};
use std::time::{Duration, Instant};

#[test]
fn a_failed_updater_is_reported_with_its_output_and_no_agent_is_relaunched() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater("echo fetching; echo npm error EACCES: no >&2; exit 3");
    let output = fleet.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("pi update --self: it ended with exit status: 3"), "{output:?}");
    let stderr = stderr(&output);
    assert!(stderr.contains("  | fetching\n  | npm error EACCES: no\n"), "{stderr}");
    assert!(stderr.contains("not relaunched: a\n") && stderr.contains(&fleet.downgrade_command()), "{stderr}");
    assert_eq!(fleet.starts("a").len(), 1);
    let (_, answer) = fleet.json(&[]);
    assert_eq!(answer["programs"][0]["output"], "fetching\nnpm error EACCES: no");
    assert_eq!(outcomes(&answer), pairs(&[("a", "untouched")]));
}

#[test]
fn a_hung_updater_is_killed_after_the_timeout() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater("echo asking; sleep 1000 & sleep 1000");
    let began = Instant::now();
    let output = fleet.update(&["--timeout", "1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(stdout(&output).contains("it was killed after the timeout of 1 s"), "{output:?}");
    assert!(stderr(&output).contains("  | asking\n"), "{output:?}");
    assert_eq!(fleet.starts("a").len(), 1);
    assert_eq!(fleet.fleet.processes_named("sleep").len(), 1, "only the holder's is left");
}

#[test]
fn a_program_without_a_version_after_the_update_is_a_failure() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater("printf '#!/bin/sh\\nexit 1\\n' >\"$HOME/.npm-global/bin/pi\"");
    let output = fleet.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("pi --version: exit status: 1: no output"), "{output:?}");
    assert_eq!(fleet.starts("a").len(), 1);
}

#[test]
fn a_missing_program_is_reported_before_any_change() {
    let fleet = UpdateFleet::started(&["a"]);
    let output = fleet.update(&["codex", "pi"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(stderr(&output).contains("cannot find codex in PATH"), "{output:?}");
    assert_eq!(fleet.updates(), [""; 0]);
    let output = fleet.update(&["stranger"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(stderr(&output).contains("'stranger' is neither a runtime nor an agent"), "{output:?}");
}

#[test]
fn the_updater_gets_the_npm_prefix_of_the_running_program() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater("echo \"$npm_config_prefix\" >\"$HOME/prefix\"; pwd >>\"$HOME/prefix\"");
    assert_eq!(fleet.update(&[]).status.code(), Some(0));
    let home = fleet.fleet.home();
    let expected = format!("{}\n{}\n", home.join(".npm-global").display(), home.display());
    assert_eq!(std::fs::read_to_string(home.join("prefix")).unwrap(), expected);
}

#[test]
fn a_program_of_a_project_is_not_updated_and_the_npm_command_is_printed() {
    let fleet = UpdateFleet::started(&["a"]);
    let project = fleet.fleet.home().join("project");
    let file = project.join("node_modules/@mariozechner/pi-coding-agent/dist/cli.js");
    let script = std::fs::read_to_string(fleet.fleet.home().join("newer")).unwrap();
    fleet.fleet.install_script(&file, &script);
    let link = fleet.fleet.home().join(".npm-global/bin/pi");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(file, link).unwrap();
    let output = fleet.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let command = format!("npm install --prefix {} @mariozechner/pi-coding-agent@latest", project.display());
    assert!(stdout(&output).contains(&command), "{output:?}");
    assert_eq!(fleet.updates(), [""; 0]);
    assert!(stdout(&output).contains("a   relaunched"), "the program has changed in any case: {output:?}");
}

#[test]
fn a_second_concurrent_update_is_refused_with_the_pid_of_the_first() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater(": >\"$HOME/begun\"; while ! [ -e \"$HOME/go\" ]; do sleep 0.05; done");
    let first = fleet.begin(&[]);
    fleet.wait_file("begun");
    let second = fleet.update(&["--timeout", "5"]);
    assert_eq!(second.status.code(), Some(75), "{second:?}");
    assert!(stderr(&second).contains("another 'mosaic fleet update' is running (PID "), "{second:?}");
    assert_eq!(fleet.update(&["--dry-run"]).status.code(), Some(0), "a dry run needs no lock");
    std::fs::write(fleet.fleet.home().join("go"), "").unwrap();
    assert!(first.end().0.success());
    assert_eq!(fleet.updates().len(), 1);
}
