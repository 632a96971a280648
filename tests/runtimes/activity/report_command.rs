//! `mosaic agent report`: reports are observed, and a failed report never fails its caller.

use mosaic_harness::{Binaries, Fleet, PaneProcess, RosterFleet, SmallDisk};
use std::fs;
use std::process::{Command, Output, Stdio};

fn report(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = fleet.command(Binaries::mosaic());
    command.args(["agent", "report"]).args(words).env("MOSAIC_AGENT_NAME", "coder0");
    command
}

/// The present report.
fn report_text(fleet: &Fleet) -> String {
    fs::read_to_string(fleet.run_directory().join("coder0.state")).unwrap_or_default()
}

/// Checks that a report succeeded without output; returns its messages.
fn assert_harmless(output: &Output) -> String {
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b""[..]), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn report_never_fails_its_caller() {
    let fleet = Fleet::new();
    fs::create_dir_all(fleet.run_directory()).unwrap();
    let table: [(&[&str], &str); 5] = [
        (&[], "required"),
        (&["asleep"], "expected one of: working, waiting, idle, blocked"),
        (&["idle", "--unknown"], "--unknown"),
        (&["--from", "claude"], "is not JSON"),
        (&["idle", "--from", "claude"], "cannot be used with"),
    ];
    for (words, message) in table {
        let output = report(&fleet, words).stdin(Stdio::null()).output().unwrap();
        let stderr = assert_harmless(&output);
        assert!(stderr.contains(message), "{words:?}: {stderr}");
    }
    let unnamed = report(&fleet, &["idle"]).env_remove("MOSAIC_AGENT_NAME").output().unwrap();
    assert!(assert_harmless(&unnamed).contains("MOSAIC_AGENT_NAME"));
    let odd = report(&fleet, &["idle"]).env("MOSAIC_AGENT_NAME", "../x").output().unwrap();
    assert!(assert_harmless(&odd).contains("MOSAIC_AGENT_NAME"));
    assert_eq!(report_text(&fleet), "");

    let gone = fleet.root().join("gone");
    fs::create_dir(&gone).unwrap();
    let mut nowhere = Command::new("sh");
    nowhere.args(["-c", "rmdir \"$PWD\"; exec \"$@\"", "sh"]).current_dir(&gone);
    let mut inner = report(&fleet, &["idle"]);
    nowhere.arg(inner.get_program()).args(inner.get_args().map(ToOwned::to_owned).collect::<Vec<_>>());
    nowhere.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
    assert_eq!(assert_harmless(&nowhere.output().unwrap()), "", "a deleted working directory must not matter");
    assert!(report_text(&fleet).contains("activity=idle\n"));

    fs::remove_dir_all(fleet.run_directory()).unwrap();
    assert!(assert_harmless(&inner.output().unwrap()).contains("coder0.state"));
}

#[test]
fn report_does_not_wait_for_a_missing_event() {
    let fleet = Fleet::new();
    let mut child = report(&fleet, &["--from", "codex"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _open = child.stdin.take();
    assert!(assert_harmless(&child.wait_with_output().unwrap()).contains("no event arrived"));
}

#[test]
fn a_full_disk_keeps_the_last_report() {
    let fleet = Fleet::new();
    fs::create_dir_all(fleet.run_directory()).unwrap();
    let disk = SmallDisk::mount(fleet.run_directory());
    let path = fleet.run_directory().join("coder0.state");
    assert_eq!(assert_harmless(&report(&fleet, &["idle"]).output().unwrap()), "");
    let before = fs::read(&path).unwrap();
    disk.fill();
    assert!(assert_harmless(&report(&fleet, &["working"]).output().unwrap()).contains("coder0.state"));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn concurrent_reports_are_written_atomically() {
    let fleet = Fleet::new();
    fs::create_dir_all(fleet.run_directory()).unwrap();
    assert_harmless(&report(&fleet, &["idle"]).output().unwrap());
    let path = fleet.run_directory().join("coder0.state");
    std::thread::scope(|scope| {
        let writers: Vec<_> = ["working", "waiting", "idle", "blocked"]
            .into_iter()
            .map(|activity| {
                let fleet = &fleet;
                scope.spawn(move || {
                    for nth in 0..50 {
                        let reason = format!("{activity} {nth}");
                        assert_harmless(&report(fleet, &[activity, "--reason", &reason]).output().unwrap());
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let text = fs::read_to_string(&path).unwrap();
            let activity = text.lines().find_map(|line| line.strip_prefix("activity=")).unwrap();
            assert!(
                text.ends_with('\n') && text.contains(&format!("reason={activity} ")) || text.contains("idle"),
                "{text}"
            );
        }
    });
    let left: Vec<_> = fs::read_dir(fleet.run_directory()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["coder0.state"]);
}

#[test]
fn reports_of_an_earlier_process_are_ignored() {
    let Some(fleet) = RosterFleet::up_or_skip(&["coder0"]) else { return };
    let send_report = |activity: &str| {
        let stderr = report(fleet.units().fleet(), &[activity]).output().unwrap();
        assert_eq!(assert_harmless(&stderr), "");
    };
    assert!(fleet.agent("coder0")["activity"].is_null());
    send_report("working");
    let working = fleet.agent("coder0")["activity"].clone();
    assert_eq!((&working["state"], &working["source"]), (&"working".into(), &"report".into()), "{working}");
    let before: PaneProcess = fleet.units().fleet().pane("coder0");
    let restarted = fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert!(restarted.status.success(), "{restarted:?}");
    drop(before);
    fleet.wait_condition("coder0", "up");
    assert!(fleet.agent("coder0")["activity"].is_null(), "{}", fleet.agent("coder0"));
    send_report("idle");
    assert_eq!(fleet.agent("coder0")["activity"]["state"], "idle");
}
