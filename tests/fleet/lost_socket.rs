//! The socket of the tmux server is removed, or `TMUX_TMPDIR` differs: agents run on, are reported as running, and
//! no command ends them.

use mosaic_harness::{Deadline, Fleet, PaneProcess, RosterFleet};
use serde_json::Value;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

const AGENTS: [&str; 2] = ["lead", "coder0"];
/// No heartbeat, with which a sidecar looks at the socket, comes within a test.
const NEVER: &str = "3600";

fn up_or_skip(interval: &str) -> Option<(RosterFleet, Vec<PaneProcess>)> {
    let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &AGENTS, interval)?;
    fleet.start(&AGENTS);
    let panes = AGENTS.map(|agent| fleet.units().fleet().pane(agent)).into();
    Some((fleet, panes))
}

fn socket(fleet: &RosterFleet) -> PathBuf {
    let fleet = fleet.units().fleet();
    let directory = PathBuf::from(&fleet.environment()["TMUX_TMPDIR"]);
    let uid = fleet.owner().map_or_else(|| rustix::process::getuid().as_raw(), |(uid, _)| uid);
    directory.join(format!("tmux-{uid}")).join(fleet.tmux_socket())
}

fn assert_all_run(panes: &[PaneProcess]) {
    assert!(panes.iter().all(|pane| !pane.process().is_dead()));
}

fn assert_all_up(fleet: &RosterFleet) -> Value {
    let snapshot = fleet.snapshot();
    for agent in AGENTS {
        assert_eq!(RosterFleet::agent_of(&snapshot, agent)["condition"], "up", "{snapshot:#}");
    }
    snapshot
}

/// Runs `mosaic` where `TMUX_TMPDIR` leads to an empty directory.
fn elsewhere(fleet: &RosterFleet, words: &[&str]) -> Output {
    let directory = fleet.units().fleet().root().join("elsewhere");
    std::fs::create_dir_all(&directory).unwrap();
    fleet.command(words).env("TMUX_TMPDIR", directory).output().unwrap()
}

#[test]
fn agents_without_their_socket_are_up_and_the_advice_opens_it_again() {
    let Some((fleet, panes)) = up_or_skip(NEVER) else { return };
    std::fs::remove_file(socket(&fleet)).unwrap();
    let snapshot = assert_all_up(&fleet);
    assert_eq!(
        RosterFleet::drift_of(&snapshot),
        [("socket-missing".to_owned(), fleet.units().fleet().tmux_socket().to_owned())]
    );
    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1));
    let checks = verification["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "socket").unwrap();
    assert_eq!(check["command"], "mosaic fleet start");

    let command = snapshot["drift"][0]["command"].as_str().unwrap();
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let output = fleet.mosaic(&words);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("has opened it again"), "{output:?}");
    assert!(socket(&fleet).metadata().unwrap().file_type().is_socket());
    assert_eq!(fleet.drift(), []);
    assert_all_run(&panes);
}

#[test]
fn no_command_ends_an_agent_while_another_server_listens_on_the_socket() {
    let Some((fleet, panes)) = up_or_skip(NEVER) else { return };
    std::fs::remove_file(socket(&fleet)).unwrap();
    let foreign = fleet.units().fleet().tmux_server(&["new-session", "-d", "-s", "mine", "sleep 1000"]);
    assert!(foreign.status.success(), "{foreign:?}");
    let snapshot = assert_all_up(&fleet);
    let drift = snapshot["drift"].as_array().unwrap();
    let item = drift.iter().find(|item| item["kind"] == "socket-missing").unwrap_or_else(|| panic!("{snapshot:#}"));
    assert!(item["detail"].as_str().unwrap().contains("another tmux server"), "{item:#}");
    assert!(item["advice"].as_str().unwrap().contains("kill-server"), "{item:#}");
    assert!(drift.iter().all(|item| item["kind"] != "holder-missing"), "{snapshot:#}");
    for words in [&["fleet", "restart", "coder0"][..], &["fleet", "restart"]] {
        let output = fleet.mosaic(words);
        assert_eq!(output.status.code(), Some(69), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains("nothing was changed, because the fleet's tmux server cannot be reached"),
            "{output:?}"
        );
        assert_all_run(&panes);
    }
    assert_eq!(fleet.units().sessions(), ["mine"]);

    // What the advice says.
    let ended = fleet.units().fleet().tmux(&["kill-server"]);
    assert!(ended.status.success(), "{ended:?}");
    let output = fleet.mosaic(&["fleet", "start"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fleet.drift(), []);
    assert_all_run(&panes);
}

#[test]
fn a_restart_opens_the_socket_before_it_ends_an_agent() {
    let Some((fleet, panes)) = up_or_skip(NEVER) else { return };
    // Cleaners of /tmp remove the directory too.
    std::fs::remove_dir_all(socket(&fleet).parent().unwrap()).unwrap();
    let output = fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(panes[1].process().is_dead());
    assert_all_run(&panes[..1]);
    assert_ne!(fleet.units().fleet().pane("coder0").pid(), panes[1].pid());
    assert_eq!(fleet.drift(), []);
}

#[test]
fn a_sidecar_opens_the_socket_again_by_itself() {
    let Some((fleet, panes)) = up_or_skip("0.2") else { return };
    for _ in 0..2 {
        std::fs::remove_dir_all(socket(&fleet).parent().unwrap()).unwrap();
        let deadline = Deadline::default();
        while !socket(&fleet).exists() {
            assert!(!deadline.passed());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    assert_eq!(fleet.units().sessions(), ["_holder", "coder0", "lead"]);
    assert_all_up(&fleet);
    assert_all_run(&panes);
}

/// Without its socket, the server cannot say that the pane was respawned.
#[test]
fn an_agent_that_ends_without_the_socket_is_recorded_with_its_exit() {
    let Some((fleet, mut panes)) = up_or_skip(NEVER) else { return };
    std::fs::remove_file(socket(&fleet)).unwrap();
    panes.remove(1).exit(7);
    let beat = fleet.units().fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    assert_eq!(beat["last_exit"], "code:7");
    assert!(socket(&fleet).exists());
    assert_all_run(&panes);
}

#[test]
fn another_tmux_directory_makes_no_difference() {
    let Some((fleet, panes)) = up_or_skip(NEVER) else { return };
    let ps = |fleet: &RosterFleet| -> Value {
        serde_json::from_slice(&elsewhere(fleet, &["fleet", "ps", "--json"]).stdout).unwrap()
    };
    let assert_up = |snapshot: &Value| {
        for agent in AGENTS {
            assert_eq!(RosterFleet::agent_of(snapshot, agent)["condition"], "up", "{snapshot:#}");
        }
    };
    let seen = ps(&fleet);
    assert_up(&seen);
    assert_eq!(RosterFleet::drift_of(&seen), []);
    let verified = elsewhere(&fleet, &["fleet", "verify", "--verbose"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let text = String::from_utf8_lossy(&verified.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("TMUX_TMPDIR leads tmux in this shell to"), "{text}");

    // A fleet that an older version started has no record of its server.
    let record = fleet.units().fleet().run_directory().join(format!(".{}.tmux", fleet.units().fleet().tmux_socket()));
    std::fs::remove_file(record).unwrap();
    let seen = ps(&fleet);
    assert_up(&seen);
    assert_eq!(seen["drift"][0]["kind"], "socket-missing", "{seen:#}");
    let started = elsewhere(&fleet, &["fleet", "start"]);
    assert_eq!(started.status.code(), Some(0), "{started:?}");
    assert_eq!(RosterFleet::drift_of(&ps(&fleet)), []);
    assert_all_run(&panes);

    let restarted = elsewhere(&fleet, &["fleet", "restart", "coder0"]);
    assert_eq!(restarted.status.code(), Some(0), "{restarted:?}");
    assert_eq!(fleet.drift(), []);
    assert_all_run(&panes[..1]);
}

#[test]
fn a_holder_session_that_was_ended_by_hand_is_made_again() {
    let Some((fleet, panes)) = up_or_skip(NEVER) else { return };
    assert!(fleet.units().fleet().tmux(&["kill-session", "-t", "=_holder:"]).status.success());
    let snapshot = assert_all_up(&fleet);
    assert_eq!(snapshot["drift"][0]["kind"], "holder-missing", "{snapshot:#}");
    assert_eq!(snapshot["drift"][0]["command"], "mosaic fleet start");
    assert_eq!(fleet.mosaic(&["fleet", "start"]).status.code(), Some(0));
    assert_eq!(fleet.drift(), []);
    assert_all_run(&panes);
}
