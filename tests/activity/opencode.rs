//! The real opencode says what it does, by its plugin; until it may have one, its screen does.

use crate::looking::look_until;
use crate::stage::Stage;
use mosaic_harness::Fleet;
use serde_json::json;

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
fn opencode_says_what_it_does_as_soon_as_it_may_have_a_plugin() {
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
