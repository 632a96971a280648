//! The real Claude Code says what it does, by its hooks; what it does not say is seen.

use crate::stage::Stage;
use serde_json::json;

#[test]
fn claude_says_that_it_works_and_that_it_is_done() {
    let Some(stage) = Stage::or_skip("claude", "mosaic yolo claude", |_| ()) else { return };
    stage.works_and_is_done();
}

#[test]
fn claude_waits_for_leave_and_a_refusal_that_it_does_not_tell_is_seen() {
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
fn a_directory_that_nobody_trusts_yet_is_a_wait() {
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
