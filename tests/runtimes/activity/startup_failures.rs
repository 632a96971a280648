//! Runtimes that do not come up: `ps`, `verify` and the journal say what to do.

use crate::activity::activity_fixture::poll_until;
use mosaic_harness::{AgentPrograms, Fleet, RosterFleet, UnitFleet};
use serde_json::Value;

/// A fleet whose one agent runs this runtime, started.
fn started(runtime: &str, path: Option<&str>, prepare: impl FnOnce(&Fleet)) -> Option<RosterFleet> {
    let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15")?;
    prepare(fleet.units().fleet());
    fleet.write_roster(&format!(
        "version: 1\ntransport: tmux\nagents: [ {{ name: coder0, class: orchestrator, runtime: {runtime} }} ]\n"
    ));
    let mut install = fleet.command(&["fleet", "install"]);
    if let Some(path) = path {
        install.env("PATH", path);
    }
    let installed = install.output().unwrap();
    assert!(installed.status.success(), "{installed:?}");
    // The start is expected to fail.
    let _ = fleet.units().manager().systemctl(&["start", &UnitFleet::unit("coder0")]);
    Some(fleet)
}

fn check(verification: &Value, name: &str) -> String {
    let checks = verification["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name && check["agent"] == "coder0").unwrap();
    format!("{} {} {}", check["status"].as_str().unwrap(), check["evidence"], check["advice"])
}

/// Waits until the agent's journal contains a text.
fn wait_journal(fleet: &RosterFleet, text: &str) {
    let journal = || fleet.units().manager().journal_messages(&["AGENT=coder0"]).join("\n");
    poll_until(|| journal().contains(text).then_some(()), || format!("{text:?} is not in the journal:\n{}", journal()));
}

/// Waits until the agent's condition has this reason.
fn wait_reason(fleet: &RosterFleet, reason: &str) {
    let has_reason = || fleet.agent("coder0")["reason"].as_str().is_some_and(|text| text.contains(reason));
    poll_until(|| has_reason().then_some(()), || format!("{reason}: {:#}", fleet.agent("coder0")));
}

#[test]
fn a_missing_runtime_advises_the_install_command() {
    let Some(fleet) = started("codex", None, |_| ()) else { return };
    wait_reason(&fleet, "exited with code 69");
    wait_journal(&fleet, "install it (npm install -g @openai/codex)");
    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1));
    let runtime = check(&verification, "runtime");
    let advice = "npm install -g @openai/codex; mosaic fleet install; mosaic fleet start coder0";
    assert!(runtime.starts_with("fail \"codex is not in ") && runtime.contains(advice), "{runtime}");
}

#[test]
fn a_runtime_that_exits_at_once_is_in_the_journal() {
    let broken = |fleet: &Fleet| {
        fleet.install_script(&fleet.home().join(".local/bin/pi"), "#!/bin/sh\necho 'node: not found' >&2\nexit 3\n");
    };
    let Some(fleet) = started("pi", None, broken) else { return };
    wait_reason(&fleet, "exited with code 3");
    wait_journal(&fleet, "node: not found");
    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1));
    let process = check(&verification, "process");
    assert!(process.contains("mosaic agent logs coder0"), "{process}");
    let logs = fleet.mosaic(&["agent", "logs", "coder0"]);
    assert!(String::from_utf8_lossy(&logs.stdout).contains("node: not found"), "{logs:?}");
}

#[test]
fn a_runtime_at_its_login_prompt_needs_a_person() {
    let Some(programs) = AgentPrograms::installed_or_skip() else { return };
    let path = programs.path(&std::env::var("PATH").unwrap());
    let Some(fleet) = started("codex", Some(&path), |_| ()) else { return };
    let screen = || String::from_utf8(fleet.mosaic(&["agent", "screen", "coder0"]).stdout).unwrap();
    let waits = || (fleet.agent("coder0")["activity"]["waitingFor"] == "login").then_some(());
    poll_until(waits, || format!("{:#}\n{}", fleet.agent("coder0"), screen()));
    let table = String::from_utf8(fleet.mosaic(&["fleet", "ps"]).stdout).unwrap();
    assert!(table.contains("log it in: mosaic agent attach coder0"), "{table}");
    let (code, verification) = fleet.verify(&[]);
    let activity = check(&verification, "activity");
    assert!(activity.starts_with("fail") && activity.contains("log it in"), "{activity}");
    assert_eq!(code, Some(0), "a waiting agent passes the required checks: {verification:#}");
}
