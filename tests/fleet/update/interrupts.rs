//! Updates that are interrupted or killed.

use crate::update::update_fixture::{UpdateFleet, outcomes, pairs};

#[test]
fn ctrl_c_during_the_wait_for_idle_changes_nothing() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    fleet.report("a", "working");
    let mut update = fleet.begin(&[]);
    update.wait_stderr("until a is idle");
    update.interrupt();
    let (status, stdout, stderr) = update.end();
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("a   not relaunched: interrupted before it was idle"), "{stdout}{stderr}");
    assert!(
        stderr.contains("not relaunched: a, b\n") && stderr.contains("to continue: mosaic fleet update"),
        "{stderr}"
    );
    assert_eq!([fleet.starts("a").len(), fleet.starts("b").len()], [1, 1]);
}

#[test]
fn ctrl_c_during_a_relaunch_finishes_it_and_skips_the_next() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    // The command computes for a while, so that its launcher still waits: a start succeeds once the command sleeps.
    let computing = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    let slow = format!(": >\"$HOME/starting\"; {computing}; {}", fleet.agent());
    fleet.offer("2.0", &slow);
    let update = fleet.begin(&[]);
    fleet.wait_file("starting");
    update.interrupt();
    let (status, stdout, stderr) = update.end();
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("a   relaunched in "), "{stdout}{stderr}");
    assert!(stderr.contains("not relaunched: b\n"), "{stderr}");
    assert_eq!([fleet.starts("a").len(), fleet.starts("b").len()], [2, 1]);
}

#[test]
fn ctrl_c_waits_for_the_updater_to_finish() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.set_updater(": >\"$HOME/begun\"; while ! [ -e \"$HOME/go\" ]; do sleep 0.05; done; : >\"$HOME/done\"");
    let mut update = fleet.begin(&[]);
    fleet.wait_file("begun");
    update.interrupt();
    update.wait_stderr("waiting for the updater");
    std::fs::write(fleet.fleet.home().join("go"), "").unwrap();
    let (status, stdout, stderr) = update.end();
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    assert!(fleet.fleet.home().join("done").exists());
    assert!(stderr.contains("not relaunched: a"), "{stderr}");
}

#[test]
fn an_update_killed_during_a_relaunch_is_completed_by_the_next() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    fleet.offer("2.0", ": >\"$HOME/starting\"; sleep 1000");
    let update = fleet.begin(&[]);
    fleet.wait_file("starting");
    update.kill();
    // The agent is gone; only the update's record knows that it has to run.
    fleet.ok(&["stop", "a"]);
    fleet.offer("3.0", &fleet.agent());
    let (code, answer) = fleet.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched"), ("b", "relaunched")])), "{answer:#}");
}
