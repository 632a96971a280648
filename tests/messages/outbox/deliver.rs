//! Messages that wait are delivered by whoever runs `mosaic agent outbox deliver`.

use crate::outbox::outbox_fixture::Stage;
use mosaic_harness::ShippedSchema;

#[test]
fn what_waits_arrives_once_when_it_can() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let id = stage.queue("first");
    stage.queue("second");
    let down = stage.outbox_command(&["deliver"]);
    assert_eq!(down.code, 0, "{down:?}");
    let lines: Vec<&str> = down.said.lines().collect();
    assert!(lines[0].starts_with("coder0  waiting: the agent has no session"), "{down:?}");
    assert!(lines.len() == 2 && lines[1].starts_with("coder0  waiting  ["), "{down:?}");
    stage.open(&agent, "");
    let delivered = stage.outbox_command(&["deliver", "--json"]);
    assert_eq!(delivered.code, 0, "{delivered:?}");
    let receipts = ShippedSchema::Send.read(delivered.said.as_bytes())["receipts"].clone();
    assert_eq!((&receipts[0]["id"], &receipts[0]["outcome"]), (&id.into(), &"accepted".into()));
    assert_eq!(agent.wait_received(2), ["first", "second"]);
    let again = stage.outbox_command(&["deliver", "coder0"]);
    assert_eq!((again.code, again.said.as_str()), (0, ""), "{again:?}");
    assert_eq!(agent.received(), ["first", "second"]);
    assert!(!stage.outbox().mark().exists());
}

#[test]
fn what_is_past_its_time_expires_and_is_not_typed() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let id = stage.queue("too late");
    stage.change(&id, |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    stage.open(&agent, "");
    let delivered = stage.outbox_command(&["deliver"]);
    assert_eq!(delivered.code, 1, "{delivered:?}");
    assert!(delivered.said.contains("coder0  expired"), "{delivered:?}");
    assert_eq!(stage.send("in time", &["--no-preamble"]).1, "accepted");
    assert_eq!(agent.wait_received(1), ["in time"]);
}

#[test]
fn of_an_agent_that_left_the_roster_messages_wait_until_they_expire() {
    let stage = Stage::new();
    let (kept, late) = (stage.queue("kept"), stage.queue("late"));
    stage.change(&late, |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    let roster = std::fs::read_to_string(stage.path("roster.yaml")).unwrap();
    std::fs::write(stage.path("roster.yaml"), roster.replace("name: coder0", "name: coder2")).unwrap();
    stage.open(&stage.agent("coder0"), "");
    for words in [&["deliver"][..], &["deliver", "coder0"]] {
        stage.outbox_command(words);
        assert_eq!(stage.outbox().states(), ["waiting", "expired"]);
    }
    assert!(stage.outbox().mark().exists(), "{kept}");
    assert_eq!(stage.outbox_command(&["deliver", "coder9"]).code, 64);
}

#[test]
fn what_was_being_typed_when_its_sender_ended_is_settled_as_unconfirmed() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let id = stage.queue("maybe");
    stage.change(&id, |record| {
        record["state"] = "typing".into();
        record["carrier"] = serde_json::json!({"pid": 1, "start": 1, "boot": "00000000-0000-0000-0000-000000000000"});
    });
    std::fs::remove_file(stage.outbox().mark()).unwrap();
    stage.open(&agent, "");
    let delivered = stage.outbox_command(&["deliver"]);
    assert_eq!(delivered.code, 2, "{delivered:?}");
    assert!(delivered.said.contains("unconfirmed: the sender ended while it typed the text"), "{delivered:?}");
    assert_eq!(stage.outbox().states(), ["unconfirmed"]);
    assert_eq!(stage.outbox_command(&["deliver"]).code, 0);
    assert_eq!(stage.send("after it", &["--no-preamble"]).1, "accepted");
    assert_eq!(agent.wait_received(1), ["after it"]);
}

#[test]
fn without_a_roster_there_is_nothing_to_do_unless_agents_are_named() {
    let stage = Stage::new();
    stage.queue("hello");
    std::fs::remove_file(stage.path("roster.yaml")).unwrap();
    let all = stage.outbox_command(&["deliver"]);
    assert_eq!((all.code, all.said.as_str(), all.errors.as_str()), (0, "", ""));
    assert_ne!(stage.outbox_command(&["deliver", "coder0"]).code, 0);
}
