//! A message to many agents: each receives it once, and there is one receipt per agent.

use crate::delivery::site::outcome;
use crate::delivery::site::{Agent, Site};
use crate::delivery::test_program;
use serde_json::Value;
use std::collections::BTreeSet;

const AGENTS: usize = 40;

/// A site of many running agents; every fourth is a reviewer.
fn large_site() -> Site {
    let names: Vec<String> = (0..AGENTS).map(|nth| format!("a{nth}")).collect();
    let site = Site::with_agents(&[]);
    let class = |nth: usize| if nth.is_multiple_of(4) { "reviewer" } else { "implementer" };
    let agent = |(nth, name): (usize, &String)| Agent { class: class(nth), ..Agent::new(name, "tui", "unused") };
    site.write_roster(&names.iter().enumerate().map(agent).collect::<Vec<_>>());
    site.write_profile("tui", test_program::PROFILE);
    for name in &names {
        test_program::open(&site, name, "");
    }
    for name in &names {
        site.wait_screen(name, "test-tui");
    }
    site
}

#[test]
fn messages_to_all_or_to_a_class_arrive_once_at_each_agent() {
    let site = large_site();
    let all = site.send(&["--all", "--source-label", "me", "--message", "to\nall"]);
    assert_eq!((all.exit_code, all.receipts.len()), (Some(0), AGENTS), "{all:?}");
    let some = site.send(&["--class", "reviewer", "--no-preamble", "--message", "to some"]);
    assert_eq!((some.exit_code, some.receipts.len()), (Some(0), AGENTS / 4), "{some:?}");
    for receipt in all.receipts.iter().chain(&some.receipts) {
        assert_eq!(outcome(receipt), "accepted");
    }
    for nth in 0..AGENTS {
        let name = format!("a{nth}");
        let mut expected = vec![Site::preamble("me", &name) + "to\nall"];
        expected.extend(nth.is_multiple_of(4).then(|| "to some".to_owned()));
        assert_eq!(test_program::received(&site, &name), expected, "{name}");
    }
    let gone = ["a7", "a8"].map(|name| site.tmux(&["kill-session", "-t", &format!("={name}:")]));
    assert_eq!(gone, [""; 2]);
    let mixed = site.send(&["a6", "a7", "a8", "a9", "--no-preamble", "--message", "still there?"]);
    let outcomes: Vec<String> = mixed.receipts.iter().map(outcome).collect();
    assert_eq!(outcomes, ["accepted", "refused no-session", "refused no-session", "accepted"]);
    assert_eq!(mixed.exit_code, Some(1));
}

#[test]
fn a_receipt_has_the_documented_fields() {
    let site = test_program::site(&["a1"], "tui", "");
    site.wait_screen("a1", "test-tui");
    let output = site.send_command(&["a1", "--message", "hello"]).output().unwrap();
    assert!(output.stderr.is_empty() && output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&answer), BTreeSet::from(["schema", "host", "receipts"].map(str::to_owned)));
    assert_eq!(answer["schema"], 1);
    assert_eq!(format!("[me -> {}:a1] ", answer["host"].as_str().unwrap()), Site::preamble("me", "a1"));
    let receipt = &answer["receipts"][0];
    let fields = ["agent", "id", "outcome", "code", "reason", "file", "milliseconds"];
    assert_eq!(keys(receipt), BTreeSet::from(fields.map(str::to_owned)));
    assert_eq!((&receipt["agent"], &receipt["outcome"]), (&Value::from("a1"), &Value::from("accepted")));
    assert_eq!([&receipt["code"], &receipt["reason"], &receipt["file"]], [&Value::Null; 3]);
    assert!(receipt["milliseconds"].is_u64());
    let kept = crate::delivery::record_watch::records(&site, "a1");
    assert_eq!((&kept[0]["id"], &kept[0]["state"]), (&receipt["id"], &Value::from("accepted")));
}
