//! The real opencode says what it does, by its plugin.

use crate::stage::Stage;
use serde_json::json;

#[test]
fn opencode_says_that_it_works_and_that_it_is_done() {
    let Some(stage) = Stage::or_skip("opencode", "mosaic yolo opencode", |_| ()) else { return };
    stage.works_and_is_done();
    assert!(stage.report().contains("activity=idle\n"), "{}", stage.report());
}

#[test]
fn opencode_waits_for_leave() {
    let asks = |fleet: &harness::Fleet| {
        let path = fleet.home().join(".config/opencode/opencode.json");
        let mut configuration: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        configuration["permission"] = json!({ "bash": "ask" });
        std::fs::write(path, configuration.to_string()).unwrap();
    };
    let Some(stage) = Stage::or_skip("opencode", "mosaic opencode", asks) else { return };
    stage.wait("idle", "");
    stage.server.call_tool("bash", json!({ "command": "touch made", "description": "x" }));
    stage.send("make a file");
    stage.wait_report("waiting", "permission");
    stage.wait_screen("Permission required");
    stage.press(&["Enter"]);
    stage.wait("idle", "");
    assert!(stage.fleet.units().fleet().home().join("made").exists());
}
