//! The real codex says what it does, by its hooks.

use crate::stage::Stage;
use serde_json::json;

#[test]
fn codex_says_that_it_works_and_that_it_is_done() {
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
fn codex_waits_for_leave_and_goes_on_when_it_is_given() {
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
