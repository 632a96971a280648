//! The activity of the real pi, Claude Code, codex and opencode: reported by their hooks, plugins and extensions, or
//! read from their screens.

use crate::activity::activity_fixture::{RuntimeFleet, poll_until};
use mosaic_harness::Fleet;
use serde_json::json;

const COMMAND: &str = "mosaic yolo pi -- --offline --provider stub --model stub-1";

#[test]
fn pi_reports_working_and_idle_and_the_exporter_exports_it() {
    let Some(fleet) = RuntimeFleet::or_skip("pi", COMMAND, |_| ()) else { return };
    let exporter = fleet.fleet.exporter(&[]);
    let wait_exported = |activity: &str| {
        let line = format!("mosaic_agent_activity{{agent=\"coder0\",activity=\"{activity}\"}} 1");
        let deadline = mosaic_harness::Deadline::default();
        while !exporter.scrape().lines().any(|found| found == line) {
            assert!(!deadline.passed(), "{line} is not exported");
        }
    };
    fleet.wait_report("idle", "");
    wait_exported("idle");
    let held = fleet.server.hold();
    fleet.send("rebase the branch");
    fleet.server.wait_held();
    let working = fleet.wait_report("working", "");
    assert_eq!(
        (&working["model"], &working["task"]),
        (&"stub/stub-1".into(), &"rebase the branch".into()),
        "{working}"
    );
    wait_exported("working");
    drop(held);
    let done = fleet.wait_report("idle", "");
    assert!(done["task"].is_null(), "{done}");
    wait_exported("idle");
}

#[test]
fn a_lost_login_of_pi_is_reported_and_cleared() {
    let Some(fleet) = RuntimeFleet::or_skip("pi", COMMAND, |_| ()) else { return };
    fleet.wait_report("idle", "");
    fleet.server.refuse(Some(("401 Unauthorized", "invalid key")));
    fleet.send("rebase the branch");
    let waiting = fleet.wait_report("waiting", "login");
    assert_eq!(waiting["waitingFor"], "login", "{waiting}");
    let table = String::from_utf8(fleet.fleet.mosaic(&["fleet", "ps"]).stdout).unwrap();
    assert!(table.contains("need a person") && table.contains("log it in: mosaic agent attach coder0"), "{table}");
    let (code, verification) = fleet.fleet.verify(&[]);
    let checks = verification["checks"].as_array().unwrap();
    let activity = checks.iter().find(|check| check["name"] == "activity").unwrap();
    assert_eq!((&activity["status"], &activity["required"]), (&"fail".into(), &false.into()), "{activity}");
    assert_eq!(code, Some(0), "a waiting agent passes the required checks: {verification:#}");
    fleet.server.refuse(None);
    fleet.send_and_wait_idle();
}

#[test]
fn claude_reports_working_and_idle() {
    let Some(fleet) = RuntimeFleet::or_skip("claude", "mosaic yolo claude", |_| ()) else { return };
    fleet.assert_reports_work();
}

#[test]
fn claude_reports_a_permission_dialog_and_its_status_file_tells_the_answer() {
    let Some(fleet) = RuntimeFleet::or_skip("claude", "mosaic claude", |_| ()) else { return };
    fleet.wait("idle", "");
    fleet.server.call_tool("Bash", json!({ "command": "touch made", "description": "x" }));
    fleet.send("make a file");
    fleet.wait_report("waiting", "permission: Bash");
    fleet.wait_screen("Do you want to");
    fleet.press(&["Escape"]);
    fleet.wait_status_file("idle", "");
    assert!(fleet.report_text().contains("activity=waiting\n"), "no hook reports a refusal: {}", fleet.report_text());

    let go_on = fleet.fleet.units().fleet().home().join("go-on");
    let command = format!("touch made; until [ -e {} ]; do sleep 0.1; done", go_on.display());
    fleet.server.call_tool("Bash", json!({ "command": command, "description": "x" }));
    fleet.send("wait for the file");
    fleet.wait_report("waiting", "permission: Bash");
    fleet.wait_screen("Do you want to");
    fleet.press(&["1"]);
    fleet.wait_status_file("working", "");
    assert!(fleet.report_text().contains("activity=waiting\n"), "no hook reports a grant: {}", fleet.report_text());
    std::fs::write(go_on, "").unwrap();
    fleet.wait_report("idle", "");
}

#[test]
fn an_interrupted_turn_of_claude_and_its_own_dialogs_show_in_its_status_file() {
    let Some(fleet) = RuntimeFleet::or_skip("claude", "mosaic yolo claude", |_| ()) else { return };
    fleet.wait_report("idle", "");
    let held = fleet.server.hold();
    fleet.send("rebase the branch");
    fleet.server.wait_held();
    fleet.wait_report("working", "");
    fleet.press(&["Escape"]);
    fleet.wait_status_file("idle", "");
    assert!(fleet.report_text().contains("activity=working\n"), "no hook reports Esc: {}", fleet.report_text());
    drop(held);
    // The interrupted prompt is back in the composer.
    fleet.press(&["C-u"]);
    fleet.press(&["/", "c", "o", "n", "f", "i", "g", "Enter"]);
    let waiting = fleet.wait("waiting", "dialog");
    assert_eq!(waiting["waitingFor"], "other", "{waiting}");
}

#[test]
fn the_trust_dialog_of_claude_is_waiting() {
    let untrusted = |fleet: &Fleet| {
        let path = fleet.home().join(".claude.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("\"hasTrustDialogAccepted\":true", "\"hasTrustDialogAccepted\":false"))
            .unwrap();
    };
    let Some(fleet) = RuntimeFleet::or_skip("claude", "mosaic claude", untrusted) else { return };
    let waiting = fleet.wait("waiting", "trust");
    assert_eq!((&waiting["source"], &waiting["waitingFor"]), (&"screen".into(), &"trust".into()), "{waiting}");
}

#[test]
fn codex_reports_working_and_idle() {
    let Some(fleet) = RuntimeFleet::or_skip("codex", "mosaic yolo codex", |_| ()) else { return };
    let idle = fleet.wait("idle", "");
    assert_eq!(idle["source"], "screen", "codex runs no hook before the first prompt: {idle}");
    let held = fleet.server.hold();
    fleet.send("rebase the branch");
    fleet.server.wait_held();
    let working = fleet.wait_report("working", "");
    assert_eq!(working["model"], "stub-1", "{working}");
    drop(held);
    fleet.wait_report("idle", "");
}

#[test]
fn codex_reports_a_permission_dialog_and_continues_after_approval() {
    let command = "mosaic codex -- -a on-request -s read-only";
    let Some(fleet) = RuntimeFleet::or_skip("codex", command, |_| ()) else { return };
    fleet.wait("idle", "");
    let asked = json!({ "cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "x" });
    fleet.server.call_tool("exec_command", asked);
    fleet.send("make a file");
    let waiting = fleet.wait_report("waiting", "permission: Bash");
    assert_eq!(waiting["waitingFor"], "permission", "{waiting}");
    fleet.wait_screen("Press enter to confirm");
    fleet.press(&["Enter"]);
    fleet.wait("idle", "");
    assert!(fleet.fleet.units().fleet().home().join("made").exists());
}

/// Configures opencode to ask for permission before it runs a command.
fn ask_for_permission(fleet: &Fleet) {
    let path = fleet.home().join(".config/opencode/opencode.json");
    let mut configuration: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    configuration["permission"] = json!({ "bash": "ask" });
    std::fs::write(path, configuration.to_string()).unwrap();
}

/// Waits until the first start of opencode has installed its package from npm's registry, which plugins need.
fn wait_plugin_package(fleet: &Fleet) {
    let directory = fleet.home().join(".config/opencode");
    let is_ready = || {
        let exists = |name: &str| directory.join(name).exists();
        (exists("package-lock.json") && exists("node_modules/@opencode-ai/plugin")).then_some(())
    };
    poll_until(is_ready, || "opencode does not install its package: does npm's registry answer?".to_owned());
}

#[test]
fn opencode_reports_its_activity_once_plugins_can_load() {
    let Some(fleet) = RuntimeFleet::or_skip("opencode", "mosaic opencode", ask_for_permission) else { return };
    let idle = fleet.wait("idle", "");
    assert_eq!(idle["source"], "screen", "a plugin would delay the first start: {idle}");
    wait_plugin_package(fleet.fleet.units().fleet());
    let restarted = fleet.fleet.mosaic(&["fleet", "restart", "coder0"]);
    assert!(restarted.status.success(), "{restarted:?}");

    fleet.assert_reports_work();
    fleet.server.call_tool("bash", json!({ "command": "touch made", "description": "x" }));
    fleet.send("make a file");
    fleet.wait_report("waiting", "permission: bash");
    fleet.wait_screen("Permission required");
    fleet.press(&["Enter"]);
    fleet.wait_report("idle", "");
    assert!(fleet.fleet.units().fleet().home().join("made").exists());
}
