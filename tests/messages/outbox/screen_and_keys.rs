//! An agent's screen, and keys that are pressed in its pane.

use crate::outbox::outbox_fixture::Stage;
use serde_json::Value;

fn screen(stage: &Stage) -> Value {
    let shown = stage.mosaic(&["agent", "screen", "coder0", "--json"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    serde_json::from_str(&shown.said).unwrap()
}

#[test]
fn a_dialog_is_seen_and_answered() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let answered = stage.path("answered");
    stage.open(&agent, &format!("--dialog-until {}", answered.display()));
    agent.wait_screen("Do you want to proceed?");
    let asked = screen(&stage);
    assert_eq!((&asked["dialog"], &asked["composer"]), (&"question".into(), &Value::Null), "{asked}");
    assert_eq!((&asked["width"], &asked["height"], &asked["inMode"]), (&80.into(), &24.into(), &false.into()));
    let plain = stage.mosaic(&["agent", "screen", "coder0"]).said;
    assert!(plain.contains("\n ❯ 1. Yes\n") || plain.starts_with(" Do you want to proceed?\n ❯ 1. Yes\n"), "{plain}");
    assert!(!plain.ends_with("\n\n"), "{plain:?}");
    let pressed = stage.mosaic(&["agent", "key", "coder0", "1", ";", "enter", "s-tab", "Esc", "C-c"]);
    assert_eq!((pressed.code, pressed.said.as_str(), pressed.errors.as_str()), (0, "", ""), "{pressed:?}");
    // Escape and what comes behind it are one to a program that reads them at once.
    let keys = agent.wait_received(4);
    let expected = ["1", ";", "enter", "escape [Z"].map(|key| format!("{{\"key\":\"{key}\"}}"));
    assert_eq!(keys[..4], expected);
    std::fs::write(answered, "").unwrap();
    agent.wait_screen("────");
    let composer = screen(&stage)["composer"].clone();
    assert_eq!((&composer["empty"], &composer["text"]), (&true.into(), &"".into()));
    assert_eq!(stage.mosaic(&["agent", "key", "coder0", "h", "i"]).code, 0);
    agent.wait_screen("hi");
    assert_eq!(screen(&stage)["composer"]["text"], "hi");
}

#[test]
fn a_name_that_tmux_would_type_is_refused() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    stage.open(&agent, "");
    agent.wait_screen("────");
    for (key, hint) in [("Entre", "did you mean Enter?"), ("yes please", "mosaic agent send"), ("S-Enter", "S-Enter")] {
        let refused = stage.mosaic(&["agent", "key", "coder0", "a", key]);
        assert_eq!(refused.code, 64, "{refused:?}");
        assert!(refused.errors.contains(hint), "{refused:?}");
    }
    assert_eq!(screen(&stage)["composer"]["text"], "");
}

#[test]
fn where_keys_do_not_get_to_the_agent_none_is_pressed() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let refused = |code: i32, hint: &str| {
        let refused = stage.mosaic(&["agent", "key", "coder0", "q"]);
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.errors.contains(hint), "{refused:?}");
    };
    refused(69, "mosaic fleet start coder0");
    assert_eq!(stage.mosaic(&["agent", "screen", "coder0"]).code, 69);
    stage.open(&agent, "");
    agent.wait_screen("────");
    stage.tmux(&["copy-mode", "-t", "=coder0:"]);
    refused(1, "copy mode");
    assert_eq!(screen(&stage)["inMode"], true, "q would have left it");
    stage.tmux(&["send-keys", "-t", "=coder0:", "-X", "cancel"]);
    assert_eq!(stage.mosaic(&["agent", "key", "coder0", "C-d"]).code, 0);
    agent.wait_dead();
    refused(1, "mosaic fleet restart coder0");
    let left = stage.mosaic(&["agent", "screen", "coder0"]);
    assert_eq!(left.code, 0);
    assert!(left.errors.contains("has ended") && left.said.contains("────"), "{left:?}");
    assert_eq!(screen(&stage)["dead"], true);
}

#[test]
fn colours_are_shown_where_they_are_wanted() {
    let stage = Stage::new();
    stage.tmux_pane("printf '\\033[31mred\\033[0m plain\\n'; exec sleep 1000", "red plain");
    let shown = |words: &[&str]| stage.mosaic(&[&["agent", "screen", "coder0"], words].concat()).said;
    assert_eq!(shown(&[]), "red plain\n");
    let coloured = shown(&["--ansi"]);
    assert!(coloured.starts_with("\x1b[31mred\x1b[") && coloured.ends_with("\n\x1b[0m"), "{coloured:?}");
}
