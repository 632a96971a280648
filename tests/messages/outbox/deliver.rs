//! `mosaic agent outbox deliver`.

use crate::outbox::outbox_fixture::OutboxFleet;
use mosaic_harness::{Binaries, Deadline, ShippedSchema};
use std::process::Stdio;

#[test]
fn deliver_types_waiting_messages_once_the_agent_is_up() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let id = fleet.queue("first");
    fleet.queue("second");
    let down = fleet.outbox_command(&["deliver"]);
    assert_eq!(down.code, 0, "{down:?}");
    let lines: Vec<&str> = down.stdout.lines().collect();
    assert!(lines[0].starts_with("coder0  waiting: the agent has no session"), "{down:?}");
    assert!(lines.len() == 2 && lines[1].starts_with("coder0  waiting  ["), "{down:?}");
    fleet.open(&agent, "");
    let delivered = fleet.outbox_command(&["deliver", "--json"]);
    assert_eq!(delivered.code, 0, "{delivered:?}");
    let receipts = ShippedSchema::Send.read(delivered.stdout.as_bytes())["receipts"].clone();
    assert_eq!((&receipts[0]["id"], &receipts[0]["outcome"]), (&id.into(), &"accepted".into()));
    assert_eq!(agent.wait_received(2), ["first", "second"]);
    let again = fleet.outbox_command(&["deliver", "coder0"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again:?}");
    assert_eq!(agent.received(), ["first", "second"]);
    assert!(!fleet.outbox().mark().exists());
}

#[test]
fn deliver_expires_late_messages() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let id = fleet.queue("too late");
    fleet.change(&id, |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    fleet.open(&agent, "");
    let delivered = fleet.outbox_command(&["deliver"]);
    assert_eq!(delivered.code, 1, "{delivered:?}");
    assert!(delivered.stdout.contains("coder0  expired"), "{delivered:?}");
    assert_eq!(fleet.send("in time", &["--no-preamble"]).1, "accepted");
    assert_eq!(agent.wait_received(1), ["in time"]);
}

#[test]
fn messages_of_an_agent_outside_the_roster_wait_until_they_expire() {
    let fleet = OutboxFleet::new();
    let (kept, late) = (fleet.queue("kept"), fleet.queue("late"));
    fleet.change(&late, |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    let roster = std::fs::read_to_string(fleet.path("roster.yaml")).unwrap();
    std::fs::write(fleet.path("roster.yaml"), roster.replace("name: coder0", "name: coder2")).unwrap();
    fleet.open(&fleet.agent("coder0"), "");
    for words in [&["deliver"][..], &["deliver", "coder0"]] {
        fleet.outbox_command(words);
        assert_eq!(fleet.outbox().states(), ["waiting", "expired"]);
    }
    assert!(fleet.outbox().mark().exists(), "{kept}");
    assert_eq!(fleet.outbox_command(&["deliver", "coder9"]).code, 64);
}

#[test]
fn deliver_settles_an_interrupted_message_as_unconfirmed() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let id = fleet.queue("maybe");
    fleet.change(&id, |record| {
        record["state"] = "typing".into();
        record["carrier"] = serde_json::json!({"pid": 1, "start": 1, "boot": "00000000-0000-0000-0000-000000000000"});
    });
    std::fs::remove_file(fleet.outbox().mark()).unwrap();
    fleet.open(&agent, "");
    let delivered = fleet.outbox_command(&["deliver"]);
    assert_eq!(delivered.code, 2, "{delivered:?}");
    assert!(delivered.stdout.contains("unconfirmed: the sender ended while it typed the text"), "{delivered:?}");
    assert_eq!(fleet.outbox().states(), ["unconfirmed"]);
    assert_eq!(fleet.outbox_command(&["deliver"]).code, 0);
    assert_eq!(fleet.send("after it", &["--no-preamble"]).1, "accepted");
    assert_eq!(agent.wait_received(1), ["after it"]);
}

#[test]
fn deliver_without_a_roster_does_nothing_unless_agents_are_named() {
    let fleet = OutboxFleet::new();
    fleet.queue("hello");
    std::fs::remove_file(fleet.path("roster.yaml")).unwrap();
    let all = fleet.outbox_command(&["deliver"]);
    assert_eq!((all.code, all.stdout.as_str(), all.stderr.as_str()), (0, "", ""));
    assert_ne!(fleet.outbox_command(&["deliver", "coder0"]).code, 0);
}

#[test]
fn a_message_that_waited_says_when_it_was_written() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let (id, outcome) = fleet.send("rebase", &["--queue", "--source-label", "vm:lead"]);
    assert_eq!(outcome, "waiting");
    fleet.change(&id, |record| record["created"] = "2026-01-02T03:04:05Z".into());
    fleet.open(&agent, "");
    assert_eq!(fleet.outbox_command(&["deliver"]).code, 0);
    let received = agent.wait_received(1);
    assert!(
        received[0].starts_with("[vm:lead -> ")
            && received[0].ends_with(":coder0] (written 2026-01-02 03:04:05 UTC) rebase"),
        "{received:?}"
    );
}

#[test]
fn a_delivery_that_waits_for_its_agent_delays_no_other_command() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let ready = fleet.fleet().root().join("ready");
    let (id, kept) = (fleet.queue("not any more"), fleet.queue("this"));
    fleet.open(&agent, &format!("--no-composer-until {}", ready.display()));
    agent.wait_screen("loading");
    let mut delivery = fleet.fleet().command(Binaries::mosaic());
    delivery.args(["agent", "outbox", "deliver", "coder0"]);
    let mut delivery = delivery.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Deadline::default();
    while fleet.listed(&[])[0]["code"] != "no-composer" {
        assert!(!deadline.passed(), "the delivery does not wait for a composer");
    }
    let canceled = fleet.outbox_command(&["cancel", &id]);
    assert_eq!(canceled.code, 0, "{canceled:?}");
    // A sender gets its turn, and is refused for what it sees.
    let sent = fleet.mosaic(&["agent", "send", "coder0", "--json", "-m", "now", "--wait", "1"]);
    assert!(sent.stdout.contains("no-composer"), "{sent:?}");
    assert!(delivery.try_wait().unwrap().is_none(), "the delivery must still wait for this test");
    std::fs::write(ready, "").unwrap();
    assert_eq!(agent.wait_received(1), ["this"]);
    assert!(delivery.wait().unwrap().success());
    fleet.outbox().wait_states(&["cancelled", "accepted", "refused"]);
    assert_eq!(fleet.listed(&["--all"])[1]["id"], kept);
}
