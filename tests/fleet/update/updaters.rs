//! Programs: not there, hanging, failing; then no agent is touched.

use crate::update::update_fixture::{Stage, outcomes, pairs, said, told};
use std::time::{Duration, Instant};

#[test]
fn an_updater_that_fails_is_told_with_its_words_and_no_agent_is_touched() {
    let stage = Stage::started(&["a"]);
    stage.updater("echo fetching; echo npm error EACCES: no >&2; exit 3");
    let output = stage.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(told(&output).contains("pi update --self: it ended with exit status: 3"), "{output:?}");
    let said = said(&output);
    assert!(said.contains("  | fetching\n  | npm error EACCES: no\n"), "{said}");
    assert!(said.contains("not relaunched: a\n") && said.contains(&stage.way_back()), "{said}");
    assert_eq!(stage.starts("a").len(), 1);
    let (_, answer) = stage.json(&[]);
    assert_eq!(answer["programs"][0]["output"], "fetching\nnpm error EACCES: no");
    assert_eq!(outcomes(&answer), pairs(&[("a", "untouched")]));
}

#[test]
fn an_updater_that_hangs_is_killed_in_time() {
    let stage = Stage::started(&["a"]);
    stage.updater("echo asking; sleep 1000 & sleep 1000");
    let began = Instant::now();
    let output = stage.update(&["--timeout", "1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(told(&output).contains("it was killed after the timeout of 1 s"), "{output:?}");
    assert!(said(&output).contains("  | asking\n"), "{output:?}");
    assert_eq!(stage.starts("a").len(), 1);
    assert_eq!(stage.fleet.processes_named("sleep").len(), 1, "the holder's alone");
}

#[test]
fn a_program_that_does_not_say_its_version_any_more_is_a_failed_update() {
    let stage = Stage::started(&["a"]);
    stage.updater("printf '#!/bin/sh\\nexit 1\\n' >\"$HOME/.npm-global/bin/pi\"");
    let output = stage.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(told(&output).contains("pi --version: exit status: 1: no output"), "{output:?}");
    assert_eq!(stage.starts("a").len(), 1);
}

#[test]
fn a_program_that_is_not_installed_is_told_before_anything_is_done() {
    let stage = Stage::started(&["a"]);
    let output = stage.update(&["codex", "pi"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(said(&output).contains("cannot find codex in PATH"), "{output:?}");
    assert_eq!(stage.updates(), [""; 0]);
    let output = stage.update(&["nobody"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(said(&output).contains("'nobody' is neither a runtime nor an agent"), "{output:?}");
}

#[test]
fn npm_is_told_where_the_program_is_that_runs() {
    let stage = Stage::started(&["a"]);
    stage.updater("echo \"$npm_config_prefix\" >\"$HOME/prefix\"; pwd >>\"$HOME/prefix\"");
    assert_eq!(stage.update(&[]).status.code(), Some(0));
    let home = stage.fleet.home();
    let expected = format!("{}\n{}\n", home.join(".npm-global").display(), home.display());
    assert_eq!(std::fs::read_to_string(home.join("prefix")).unwrap(), expected);
}

#[test]
fn what_belongs_to_a_project_does_not_update_itself_and_the_command_that_does_is_told() {
    let stage = Stage::started(&["a"]);
    let project = stage.fleet.home().join("project");
    let file = project.join("node_modules/@mariozechner/pi-coding-agent/dist/cli.js");
    let script = std::fs::read_to_string(stage.fleet.home().join("newer")).unwrap();
    stage.fleet.install_script(&file, &script);
    let link = stage.fleet.home().join(".npm-global/bin/pi");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(file, link).unwrap();
    let output = stage.update(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let command = format!("npm install --prefix {} @mariozechner/pi-coding-agent@latest", project.display());
    assert!(told(&output).contains(&command), "{output:?}");
    assert_eq!(stage.updates(), [""; 0]);
    assert!(told(&output).contains("a   relaunched"), "what is there is another program all the same: {output:?}");
}

#[test]
fn of_two_at_once_the_second_is_told_who_is_at_it() {
    let stage = Stage::started(&["a"]);
    stage.updater(": >\"$HOME/begun\"; while ! [ -e \"$HOME/go\" ]; do sleep 0.05; done");
    let first = stage.begin(&[]);
    stage.wait_file("begun");
    let second = stage.update(&["--timeout", "5"]);
    assert_eq!(second.status.code(), Some(75), "{second:?}");
    assert!(said(&second).contains("another 'mosaic fleet update' is running (PID "), "{second:?}");
    assert_eq!(stage.update(&["--dry-run"]).status.code(), Some(0), "to look is no update");
    std::fs::write(stage.fleet.home().join("go"), "").unwrap();
    assert!(first.end().0.success());
    assert_eq!(stage.updates().len(), 1);
}
