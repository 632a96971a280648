//! What the launch answers in advance, by options of the real programs.

use crate::activity::activity_fixture::RuntimeFleet;
use mosaic_harness::{AgentPrograms, Fleet};
use serde_json::{Value, json};
use std::path::Path;

fn change(path: &Path, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(value.as_object_mut().unwrap());
    std::fs::write(path, value.to_string()).unwrap();
}

/// As before the first start without permission prompts.
fn forget_bypass_mode(fleet: &Fleet) {
    change(&fleet.home().join(".claude.json"), |config| drop(config.remove("bypassPermissionsModeAccepted")));
    let settings = fleet.home().join(".claude/settings.json");
    change(&settings, |settings| drop(settings.remove("skipDangerousModePermissionPrompt")));
}

#[test]
fn an_unattended_claude_does_not_wait_at_the_warning_of_its_mode() {
    let Some(programs) = AgentPrograms::installed_or_skip() else { return };
    let fleet = RuntimeFleet::with_programs(&programs, "claude", "mosaic yolo claude", forget_bypass_mode);
    let Some(fleet) = fleet else { return };
    fleet.wait_report("idle", "");
}

#[test]
fn an_attended_claude_asks_for_permission() {
    let Some(programs) = AgentPrograms::installed_or_skip() else { return };
    let Some(fleet) = RuntimeFleet::with_programs(&programs, "claude", "mosaic claude", |_| ()) else { return };
    fleet.wait_report("idle", "");
    fleet.server.call_tool("Bash", json!({ "command": "touch made", "description": "x" }));
    fleet.send("make a file");
    fleet.wait_report("waiting", "permission: Bash");
    assert!(!fleet.fleet.units().fleet().home().join("made").exists());
}
