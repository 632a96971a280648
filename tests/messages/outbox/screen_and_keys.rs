//! `mosaic agent screen` and `mosaic agent key`.

use crate::outbox::outbox_fixture::OutboxFleet;
use serde_json::Value;

fn screen(fleet: &OutboxFleet) -> Value {
    let shown = fleet.mosaic(&["agent", "screen", "coder0", "--json"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    serde_json::from_str(&shown.stdout).unwrap()
}

#[test]
fn screen_shows_a_dialog_and_key_answers_it() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let answered = fleet.path("answered");
    fleet.open(&agent, &format!("--dialog-until {}", answered.display()));
    agent.wait_screen("Do you want to proceed?");
    let asked = screen(&fleet);
    assert_eq!((&asked["dialog"], &asked["composer"]), (&"question".into(), &Value::Null), "{asked}");
    assert_eq!((&asked["width"], &asked["height"], &asked["inMode"]), (&80.into(), &24.into(), &false.into()));
    let plain = fleet.mosaic(&["agent", "screen", "coder0"]).stdout;
    assert!(plain.contains("\n ❯ 1. Yes\n") || plain.starts_with(" Do you want to proceed?\n ❯ 1. Yes\n"), "{plain}");
    assert!(!plain.ends_with("\n\n"), "{plain:?}");
    let pressed = fleet.mosaic(&["agent", "key", "coder0", "1", ";", "enter", "s-tab", "Esc", "C-c"]);
    assert_eq!((pressed.code, pressed.stdout.as_str(), pressed.stderr.as_str()), (0, "", ""), "{pressed:?}");
    // A program that reads Escape and the next key at once takes them for one key.
    let keys = agent.wait_received(4);
    let expected = ["1", ";", "enter", "escape [Z"].map(|key| format!("{{\"key\":\"{key}\"}}"));
    assert_eq!(keys[..4], expected);
    std::fs::write(answered, "").unwrap();
    agent.wait_screen("────");
    let composer = screen(&fleet)["composer"].clone();
    assert_eq!((&composer["empty"], &composer["text"]), (&true.into(), &"".into()));
    assert_eq!(fleet.mosaic(&["agent", "key", "coder0", "h", "i"]).code, 0);
    agent.wait_screen("hi");
    assert_eq!(screen(&fleet)["composer"]["text"], "hi");
}

#[test]
fn unknown_key_names_are_refused() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    fleet.open(&agent, "");
    agent.wait_screen("────");
    for (key, hint) in [("Entre", "did you mean Enter?"), ("yes please", "mosaic agent send"), ("S-Enter", "S-Enter")] {
        let refused = fleet.mosaic(&["agent", "key", "coder0", "a", key]);
        assert_eq!(refused.code, 64, "{refused:?}");
        assert!(refused.stderr.contains(hint), "{refused:?}");
    }
    assert_eq!(screen(&fleet)["composer"]["text"], "");
}

#[test]
fn keys_are_refused_if_they_would_not_reach_the_agent() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let refused = |code: i32, hint: &str| {
        let refused = fleet.mosaic(&["agent", "key", "coder0", "q"]);
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.stderr.contains(hint), "{refused:?}");
    };
    refused(69, "mosaic fleet start coder0");
    assert_eq!(fleet.mosaic(&["agent", "screen", "coder0"]).code, 69);
    fleet.open(&agent, "");
    agent.wait_screen("────");
    fleet.tmux(&["copy-mode", "-t", "=coder0:"]);
    refused(1, "copy mode");
    assert_eq!(screen(&fleet)["inMode"], true, "q would have ended copy mode");
    fleet.tmux(&["send-keys", "-t", "=coder0:", "-X", "cancel"]);
    assert_eq!(fleet.mosaic(&["agent", "key", "coder0", "C-d"]).code, 0);
    agent.wait_dead();
    refused(1, "mosaic fleet restart coder0");
    let left = fleet.mosaic(&["agent", "screen", "coder0"]);
    assert_eq!(left.code, 0);
    assert!(left.stderr.contains("has ended") && left.stdout.contains("────"), "{left:?}");
    assert_eq!(screen(&fleet)["dead"], true);
}

#[test]
fn screen_prints_colors_on_request() {
    let fleet = OutboxFleet::new();
    fleet.tmux_pane("printf '\\033[31mred\\033[0m plain\\n'; exec sleep 1000", "red plain");
    let shown = |words: &[&str]| fleet.mosaic(&[&["agent", "screen", "coder0"], words].concat()).stdout;
    assert_eq!(shown(&[]), "red plain\n");
    let colored = shown(&["--ansi"]);
    assert!(colored.starts_with("\x1b[31mred\x1b[") && colored.ends_with("\n\x1b[0m"), "{colored:?}");
}
