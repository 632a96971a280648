//! Ctrl-C, and worse.

use crate::update::update_fixture::{Stage, outcomes, pairs};

#[test]
fn ctrl_c_while_an_agent_is_waited_for_leaves_all_as_it_is() {
    let stage = Stage::started(&["a", "b"]);
    stage.says("a", "working");
    let mut underway = stage.begin(&[]);
    underway.wait_said("until a is idle");
    underway.interrupt();
    let (status, told, said) = underway.end();
    assert_eq!(status.code(), Some(1), "{told}{said}");
    assert!(told.contains("a   not relaunched: interrupted before it was idle"), "{told}{said}");
    assert!(said.contains("not relaunched: a, b\n") && said.contains("to continue: mosaic fleet update"), "{said}");
    assert_eq!([stage.starts("a").len(), stage.starts("b").len()], [1, 1]);
}

#[test]
fn ctrl_c_between_stop_and_start_finishes_the_agent_and_leaves_the_next() {
    let stage = Stage::started(&["a", "b"]);
    // It computes for a while, so that its launcher is still there: a start counts once it waits for something.
    let computing = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    let slow = format!(": >\"$HOME/starting\"; {computing}; {}", stage.agent());
    stage.brings("2.0", &slow);
    let underway = stage.begin(&[]);
    stage.wait_file("starting");
    underway.interrupt();
    let (status, told, said) = underway.end();
    assert_eq!(status.code(), Some(1), "{told}{said}");
    assert!(told.contains("a   relaunched in "), "{told}{said}");
    assert!(said.contains("not relaunched: b\n"), "{said}");
    assert_eq!([stage.starts("a").len(), stage.starts("b").len()], [2, 1]);
}

#[test]
fn ctrl_c_waits_for_the_updater_so_that_it_leaves_a_whole_program() {
    let stage = Stage::started(&["a"]);
    stage.updater(": >\"$HOME/begun\"; while ! [ -e \"$HOME/go\" ]; do sleep 0.05; done; : >\"$HOME/done\"");
    let mut underway = stage.begin(&[]);
    stage.wait_file("begun");
    underway.interrupt();
    underway.wait_said("waiting for the updater");
    std::fs::write(stage.fleet.home().join("go"), "").unwrap();
    let (status, told, said) = underway.end();
    assert_eq!(status.code(), Some(1), "{told}{said}");
    assert!(stage.fleet.home().join("done").exists());
    assert!(said.contains("not relaunched: a"), "{said}");
}

#[test]
fn whoever_is_killed_between_stop_and_start_has_the_agent_started_by_the_next() {
    let stage = Stage::started(&["a", "b"]);
    stage.brings("2.0", ": >\"$HOME/starting\"; sleep 1000");
    let underway = stage.begin(&[]);
    stage.wait_file("starting");
    underway.kill();
    // Its agent is gone, and nobody knows but the record.
    stage.ok(&["stop", "a"]);
    stage.brings("3.0", &stage.agent());
    let (code, answer) = stage.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched"), ("b", "relaunched")])), "{answer:#}");
}
