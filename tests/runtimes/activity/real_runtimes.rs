//! The real pi says what it does, by its extension.

use crate::activity::activity_fixture::{Stage, look_until};
use mosaic_harness::Fleet;
use serde_json::json;

const COMMAND: &str = "mosaic yolo pi -- --offline --provider stub --model stub-1";

#[test]
fn pi_reports_working_and_idle_and_the_exporter_exports_it() {
    let Some(stage) = Stage::or_skip("pi", COMMAND, |_| ()) else { return };
    let exporter = stage.fleet.exporter(&[]);
    let tells = |activity: &str| {
        let line = format!("mosaic_agent_activity{{agent=\"coder0\",activity=\"{activity}\"}} 1");
        let deadline = mosaic_harness::Deadline::default();
        while !exporter.scrape().lines().any(|told| told == line) {
            assert!(!deadline.passed(), "{line} is not told");
        }
    };
    stage.wait_report("idle", "");
    tells("idle");
    let held = stage.server.hold();
    stage.send("rebase the branch");
    stage.server.wait_held();
    let working = stage.wait_report("working", "");
    assert_eq!(
        (&working["model"], &working["task"]),
        (&"stub/stub-1".into(), &"rebase the branch".into()),
        "{working}"
    );
    tells("working");
    drop(held);
    let done = stage.wait_report("idle", "");
    assert!(done["task"].is_null(), "{done}");
    tells("idle");
}

#[test]
fn a_lost_login_of_pi_is_reported_and_cleared() {
    let Some(stage) = Stage::or_skip("pi", COMMAND, |_| ()) else { return };
    stage.wait_report("idle", "");
    stage.server.refuse(Some(("401 Unauthorized", "invalid key")));
    stage.send("rebase the branch");
    let waiting = stage.wait_report("waiting", "login");
    assert_eq!(waiting["waitingFor"], "login", "{waiting}");
    let table = String::from_utf8(stage.fleet.mosaic(&["fleet", "ps"]).stdout).unwrap();
    assert!(table.contains("need a person") && table.contains("log it in: mosaic agent attach coder0"), "{table}");
    let (code, verification) = stage.fleet.verify(&[]);
    let checks = verification["checks"].as_array().unwrap();
    let activity = checks.iter().find(|check| check["name"] == "activity").unwrap();
    assert_eq!((&activity["status"], &activity["required"]), (&"fail".into(), &false.into()), "{activity}");
    assert_eq!(code, Some(0), "an agent that waits is alive: {verification:#}");
    stage.server.refuse(None);
    stage.is_answered();
}

// DOC The real Claude Code says what it does, by its hooks; what it does not say is seen.

#[test]
fn claude_reports_working_and_idle() {
    let Some(stage) = Stage::or_skip("claude", "mosaic yolo claude", |_| ()) else { return };
    stage.works_and_is_done();
}

#[test]
fn claude_reports_a_permission_dialog_and_its_refusal_shows_on_the_screen() {
    let Some(stage) = Stage::or_skip("claude", "mosaic claude", |_| ()) else { return };
    stage.wait("idle", "");
    stage.server.call_tool("Bash", json!({ "command": "touch made", "description": "x" }));
    stage.send("make a file");
    stage.wait_report("waiting", "permission: Bash");
    stage.wait_screen("Do you want to");
    stage.press(&["Escape"]);
    let refused = stage.wait("idle", "");
    assert_eq!(refused["source"], "screen", "no hook tells it: {refused}");
    assert!(stage.report().contains("activity=waiting\n"), "{}", stage.report());
}

#[test]
fn the_trust_dialog_of_claude_is_waiting() {
    let untrusted = |fleet: &mosaic_harness::Fleet| {
        let path = fleet.home().join(".claude.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("\"hasTrustDialogAccepted\":true", "\"hasTrustDialogAccepted\":false"))
            .unwrap();
    };
    let Some(stage) = Stage::or_skip("claude", "mosaic claude", untrusted) else { return };
    let waiting = stage.wait("waiting", "trust");
    assert_eq!((&waiting["source"], &waiting["waitingFor"]), (&"screen".into(), &"trust".into()), "{waiting}");
}

// DOC The real codex says what it does, by its hooks.

#[test]
fn codex_reports_working_and_idle() {
    let Some(stage) = Stage::or_skip("codex", "mosaic yolo codex", |_| ()) else { return };
    let idle = stage.wait("idle", "");
    assert_eq!(idle["source"], "screen", "no hook of its runs before the first prompt: {idle}");
    let held = stage.server.hold();
    stage.send("rebase the branch");
    stage.server.wait_held();
    let working = stage.wait_report("working", "");
    assert_eq!(working["model"], "stub-1", "{working}");
    drop(held);
    stage.wait_report("idle", "");
}

#[test]
fn codex_reports_a_permission_dialog_and_continues_after_approval() {
    let command = "mosaic codex -- -a on-request -s read-only";
    let Some(stage) = Stage::or_skip("codex", command, |_| ()) else { return };
    stage.wait("idle", "");
    let asked = json!({ "cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "x" });
    stage.server.call_tool("exec_command", asked);
    stage.send("make a file");
    let waiting = stage.wait_report("waiting", "permission: Bash");
    assert_eq!(waiting["waitingFor"], "permission", "{waiting}");
    stage.wait_screen("Press enter to confirm");
    stage.press(&["Enter"]);
    stage.wait("idle", "");
    assert!(stage.fleet.units().fleet().home().join("made").exists());
}

// DOC The real opencode says what it does, by its plugin; until it may have one, its screen does.

/// Asks for leave before it runs a command.
fn asks(fleet: &Fleet) {
    let path = fleet.home().join(".config/opencode/opencode.json");
    let mut configuration: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    configuration["permission"] = json!({ "bash": "ask" });
    std::fs::write(path, configuration.to_string()).unwrap();
}

/// Its first start gets it a package of its own, from npm's registry; with that there, plugins do not hold it up.
fn wait_ready(fleet: &Fleet) {
    let directory = fleet.home().join(".config/opencode");
    let is_ready = || {
        let there = |name: &str| directory.join(name).exists();
        (there("package-lock.json") && there("node_modules/@opencode-ai/plugin")).then_some(())
    };
    look_until(is_ready, || "opencode gets no package of its own: does npm's registry answer?".to_owned());
}

#[test]
fn opencode_reports_its_activity_once_plugins_can_load() {
    let Some(stage) = Stage::or_skip("opencode", "mosaic opencode", asks) else { return };
    let idle = stage.wait("idle", "");
    assert_eq!(idle["source"], "screen", "a plugin would hold up its first start: {idle}");
    wait_ready(stage.fleet.units().fleet());
    let restarted = stage.fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert!(restarted.status.success(), "{restarted:?}");

    stage.works_and_is_done();
    stage.server.call_tool("bash", json!({ "command": "touch made", "description": "x" }));
    stage.send("make a file");
    stage.wait_report("waiting", "permission: bash");
    stage.wait_screen("Permission required");
    stage.press(&["Enter"]);
    stage.wait_report("idle", "");
    assert!(stage.fleet.units().fleet().home().join("made").exists());
}
