//! Every drift kind is brought about, and `mosaic fleet ps` reports it and nothing else.
//!
//! Most tests begin and end with a fleet without drift.

use mosaic_harness::{RosterFleet, StoppedProcess, UnitFleet, is_root_or_skip};
use std::path::PathBuf;

const HOLDER: &str = UnitFleet::HOLDER;

fn fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    assert_drift(&fleet, &[]);
    Some(fleet)
}

#[track_caller]
fn assert_drift(fleet: &RosterFleet, expected: &[(&str, &str)]) {
    let snapshot = fleet.snapshot();
    let expected: Vec<_> = expected.iter().map(|(kind, subject)| ((*kind).to_owned(), (*subject).to_owned())).collect();
    assert_eq!(RosterFleet::drift_of(&snapshot), expected, "{:#}", snapshot["drift"]);
    // Each agent lists its own drift, and each item has a detail and advice.
    for item in snapshot["drift"].as_array().unwrap() {
        for agent in snapshot["agents"].as_array().unwrap().iter().filter(|agent| agent["name"] == item["subject"]) {
            assert!(agent["drift"].as_array().unwrap().contains(&item["kind"]), "{agent:#}");
        }
        assert!(item["detail"] != "" && item["advice"] != "", "{item:#}");
    }
}

fn systemctl(fleet: &RosterFleet, arguments: &[&str]) {
    fleet.units().manager().systemctl_ok(arguments);
}

#[track_caller]
fn tmux(fleet: &RosterFleet, arguments: &[&str]) {
    let output = fleet.units().fleet().tmux(arguments);
    assert!(output.status.success(), "{output:?}");
}

fn unit_file(fleet: &RosterFleet, name: &str) -> PathBuf {
    fleet.units().manager().unit_directory().join(name)
}

#[test]
fn an_agent_that_has_ended_is_session_missing() {
    let Some(fleet) = fleet() else { return };
    fleet.units().drop_in("coder0", "[Service]\nRestart=no\n");
    tmux(&fleet, &["kill-session", "-t", "=coder0:"]);
    fleet.units().wait_state("coder0", "failed");
    assert_drift(&fleet, &[("session-missing", "coder0")]);
    fleet.start(&["coder0"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn a_pane_with_an_ended_process_is_pane_dead() {
    let Some(fleet) = fleet() else { return };
    systemctl(&fleet, &["stop", &UnitFleet::unit("coder0")]);
    tmux(&fleet, &["new-session", "-d", "-s", "coder0", "exit 3", ";", "set-option", "-w", "remain-on-exit", "on"]);
    fleet.wait_condition("coder0", "dead");
    assert_drift(&fleet, &[("pane-dead", "coder0")]);
    fleet.start(&["coder0"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn sessions_outside_the_roster_are_unmanaged() {
    let Some(fleet) = fleet() else { return };
    tmux(&fleet, &["new-session", "-d", "-s", "scratch"]);
    tmux(&fleet, &["new-session", "-d", "-s", "my notes"]);
    assert_drift(&fleet, &[("unmanaged-session", "my notes"), ("unmanaged-session", "scratch")]);
    let scratch = fleet.agent("scratch");
    assert_eq!((&scratch["managed"], &scratch["class"]), (&false.into(), &serde_json::Value::Null));
    tmux(&fleet, &["kill-session", "-t", "=scratch:"]);
    tmux(&fleet, &["kill-session", "-t", "=my notes:"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn an_active_unit_without_an_agent_is_unit_active_process_dead() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit("coder0");
    let legacy = unit_file(&fleet, "mosaic-agent@coder0.service.d/test.conf");
    systemctl(&fleet, &["stop", &unit]);
    // As in earlier installations: a oneshot unit that stays active after the start.
    fleet.units().drop_in(
        "coder0",
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nRestart=no\nWatchdogSec=0\nExecStart=\n\
         ExecStart=%h/.config/mosaic/tools/fleet/start-agent-session %i\n",
    );
    fleet.start(&["coder0"]);
    assert_drift(&fleet, &[]);
    tmux(&fleet, &["kill-session", "-t", "=coder0:"]);
    assert_drift(&fleet, &[("unit-active-process-dead", "coder0")]);
    systemctl(&fleet, &["stop", &unit]);
    assert_drift(&fleet, &[("session-missing", "coder0")]);
    std::fs::remove_file(legacy).unwrap();
    systemctl(&fleet, &["daemon-reload"]);
    fleet.start(&["coder0"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn a_running_unit_without_a_unit_file_is_unit_missing() {
    let Some(fleet) = fleet() else { return };
    let template = unit_file(&fleet, "mosaic-agent@.service");
    let aside = fleet.units().fleet().root().join("aside.service");
    std::fs::rename(&template, &aside).unwrap();
    for reload in [false, true] {
        if reload {
            systemctl(&fleet, &["daemon-reload"]);
        }
        assert_drift(&fleet, &[("unit-missing", "coder0"), ("unit-missing", "mos")]);
        assert_eq!(fleet.condition("coder0"), "up");
    }
    std::fs::rename(&aside, &template).unwrap();
    systemctl(&fleet, &["daemon-reload"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn a_masked_or_invalid_unit_is_unit_missing() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit("coder0");
    systemctl(&fleet, &["mask", &unit]);
    assert_drift(&fleet, &[("unit-missing", "coder0")]);
    systemctl(&fleet, &["unmask", &unit]);
    assert_drift(&fleet, &[]);
    // systemd refuses a service without ExecStart.
    fleet.units().drop_in("coder0", "[Service]\nExecStart=\n");
    assert_drift(&fleet, &[("unit-missing", "coder0")]);
    std::fs::remove_file(unit_file(&fleet, &format!("{unit}.d/test.conf"))).unwrap();
    systemctl(&fleet, &["daemon-reload"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn a_disabled_unit_is_unit_disabled() {
    let Some(fleet) = fleet() else { return };
    systemctl(&fleet, &["disable", &UnitFleet::unit("coder0")]);
    assert_drift(&fleet, &[("unit-disabled", "coder0")]);
    systemctl(&fleet, &["enable", &UnitFleet::unit("coder0")]);
    assert_drift(&fleet, &[]);
}

#[test]
fn leftovers_of_a_removed_agent_are_reported_as_one_item() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit("coder0");
    fleet.forget("coder0");
    // The unit owns the session and the heartbeat, so they are not reported separately.
    assert_drift(&fleet, &[("unit-orphaned", "coder0")]);
    systemctl(&fleet, &["disable", &unit]);
    assert_drift(&fleet, &[("unit-orphaned", "coder0")]);
    systemctl(&fleet, &["enable", &unit]);
    systemctl(&fleet, &["stop", &unit]);
    assert_drift(&fleet, &[("unit-orphaned", "coder0")]);
    systemctl(&fleet, &["disable", &unit]);
    assert_drift(&fleet, &[("orphan-heartbeat", "coder0")]);
    std::fs::remove_file(fleet.units().fleet().heartbeat_path("coder0")).unwrap();
    assert_drift(&fleet, &[]);
}

#[test]
fn a_respawned_pane_is_pid_mismatch_until_the_sidecar_rebinds() {
    let Some(fleet) = fleet() else { return };
    let sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    tmux(&fleet, &["respawn-pane", "-k", "-t", "=coder0:"]);
    assert_drift(&fleet, &[("pid-mismatch", "coder0")]);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    assert_drift(&fleet, &[]);
}

#[test]
fn a_heartbeat_without_a_writer_becomes_stale() {
    let fleet = RosterFleet::installed_or_skip(mosaic_harness::Fleet::builder(), &["mos", "coder0"], "1");
    let Some(fleet) = fleet else { return };
    fleet.start(&["mos", "coder0"]);
    assert_drift(&fleet, &[]);
    let sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    let snapshot = fleet.wait_condition("coder0", "stale");
    assert_eq!(RosterFleet::drift_of(&snapshot), [("stale-heartbeat".to_owned(), "coder0".to_owned())]);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    assert_drift(&fleet, &[]);
}

#[test]
fn a_heartbeat_without_an_agent_is_orphan_heartbeat() {
    let Some(fleet) = fleet() else { return };
    let path = fleet.units().fleet().heartbeat_path("ghost");
    std::fs::write(&path, "ts=2026-11-20T14:58:08+00:00\npid=18960\nstatus=ok\n").unwrap();
    assert_drift(&fleet, &[("orphan-heartbeat", "ghost")]);
    std::fs::remove_file(path).unwrap();
    assert_drift(&fleet, &[]);
}

#[test]
fn a_changed_command_is_command_mismatch_until_the_restart() {
    let Some(fleet) = fleet() else { return };
    let (before, after) = (fleet.units().test_agent_command("coder0"), "exec sleep infinity");
    fleet.write_roster(&fleet.roster().replace(&before, after));
    assert_drift(&fleet, &[("command-mismatch", "coder0"), ("env-outdated", "coder0")]);
    fleet.install();
    assert_drift(&fleet, &[("command-mismatch", "coder0")]);
    systemctl(&fleet, &["restart", &UnitFleet::unit("coder0")]);
    assert_drift(&fleet, &[]);
}

#[test]
fn a_pane_respawned_with_another_command_is_command_mismatch() {
    let Some(fleet) = fleet() else { return };
    let tmux = fleet.units().fleet().tmux(&["respawn-pane", "-k", "-t", "=coder0:", "exec sleep infinity"]);
    assert!(tmux.status.success(), "{tmux:?}");
    // The sidecar rebinds to the new process.
    fleet.wait_condition("coder0", "up");
    assert_drift(&fleet, &[("command-mismatch", "coder0")]);
}

#[test]
fn edited_generated_files_are_outdated_and_site_additions_are_not() {
    let Some(fleet) = fleet() else { return };
    let env = fleet.units().fleet().env_file_path("coder0");
    let generated = std::fs::read_to_string(&env).unwrap();
    std::fs::write(&env, format!("# Site settings.\nCOLOUR=red\n{generated}; another\n")).unwrap();
    assert_drift(&fleet, &[]);
    for changed in [generated.replace("=implementer", "=reviewer"), String::new()] {
        std::fs::write(&env, changed).unwrap();
        assert_drift(&fleet, &[("env-outdated", "coder0")]);
    }
    std::fs::remove_file(&env).unwrap();
    assert_drift(&fleet, &[("env-outdated", "coder0")]);
    std::fs::write(&env, generated).unwrap();
    let generated_drop_in = unit_file(&fleet, "mosaic-agent@coder0.service.d/50-mosaic-fleet.conf");
    fleet.units().drop_in("coder0", "[Service]\nMemoryMax=1G\n");
    assert_drift(&fleet, &[]);
    std::fs::write(&generated_drop_in, "[Service]\nMemoryMax=1G\n").unwrap();
    assert_drift(&fleet, &[("env-outdated", "coder0")]);
    std::fs::remove_file(generated_drop_in).unwrap();
    assert_drift(&fleet, &[]);
}

#[test]
fn a_server_without_the_holder_session_is_holder_missing() {
    let Some(fleet) = fleet() else { return };
    tmux(&fleet, &["kill-session", "-t", "=_holder:"]);
    assert_drift(&fleet, &[("holder-missing", "mosaic-factory")]);
    systemctl(&fleet, &["restart", HOLDER]);
    fleet.start(&["mos", "coder0"]);
    assert_drift(&fleet, &[]);
}

#[test]
fn disabled_linger_is_reported_where_logind_runs() {
    if !is_root_or_skip("a mount") {
        return;
    }
    let Some(fleet) = fleet() else { return };
    let sh = |script: &str| {
        let output = fleet.units().manager().command("sh").args(["-euc", script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    sh("mount -t tmpfs tmpfs /var/lib/systemd && mkdir -p /var/lib/systemd/linger /run/systemd/users");
    assert_drift(&fleet, &[("linger-off", "root")]);
    sh("touch /var/lib/systemd/linger/root");
    assert_drift(&fleet, &[]);
}
