//! `mosaic agent outbox cancel` and `retry`.

use crate::outbox::outbox_fixture::{OutboxFleet, short_id};
use std::fs::File;

#[test]
fn a_cancelled_message_is_not_delivered() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let (id, kept) = (fleet.queue("not any more"), fleet.queue("this"));
    let cancelled = fleet.outbox_command(&["cancel", short_id(&id)]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert_eq!(cancelled.stdout, format!("coder0  cancelled  [{id}]\n"));
    assert_eq!(fleet.outbox_command(&["cancel", &id]).code, 0, "a second cancel succeeds");
    fleet.open(&agent, "");
    assert_eq!(fleet.outbox_command(&["deliver"]).code, 0);
    assert_eq!(agent.wait_received(1), ["this"]);
    let too_late = fleet.outbox_command(&["cancel", &kept]);
    assert_eq!((too_late.code, too_late.stdout.as_str()), (1, ""), "{too_late:?}");
    assert!(too_late.stderr.contains("is accepted, so it cannot be canceled"), "{too_late:?}");
    assert_eq!(fleet.outbox().states(), ["cancelled", "accepted"]);
}

#[test]
fn cancelling_the_last_waiting_message_removes_the_marker() {
    let fleet = OutboxFleet::new();
    let id = fleet.queue("not any more");
    assert!(fleet.outbox().mark().exists());
    assert_eq!(fleet.outbox_command(&["cancel", &id]).code, 0);
    assert!(!fleet.outbox().mark().exists());
}

#[test]
fn an_unknown_id_is_a_usage_error() {
    let fleet = OutboxFleet::new();
    let id = fleet.queue("hello");
    for wrong in ["zzzz", "coder0", "00000000000000-0000"] {
        let answer = fleet.outbox_command(&["cancel", &id, wrong]);
        assert_eq!(answer.code, 64, "{answer:?}");
        assert!(answer.stderr.contains("mosaic agent outbox"), "{answer:?}");
    }
    assert_eq!(fleet.outbox().states(), ["waiting"], "one invalid ID leaves all messages alone");
}

#[test]
fn retry_sends_a_refused_message_under_the_same_id() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let (id, outcome) = fleet.send("hello", &["--no-preamble"]);
    assert_eq!(outcome, "refused");
    let down = fleet.outbox_command(&["retry", short_id(&id)]);
    assert_eq!(down.code, 1, "{down:?}");
    assert!(down.stdout.contains("coder0  refused: the agent has no session"), "{down:?}");
    fleet.open(&agent, "");
    let sent = fleet.outbox_command(&["retry", short_id(&id), short_id(&id)]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(sent.stdout, format!("coder0  accepted  [{id}]\n"));
    let again = fleet.outbox_command(&["retry", &id]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""), "{again:?}");
    assert!(again.stderr.contains("is accepted, so it is not sent again: the agent has it"), "{again:?}");
    assert_eq!(agent.received(), ["hello"]);
}

#[test]
fn retry_sends_expired_and_cancelled_messages_but_not_waiting_ones() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let ids = ["expired", "cancelled"].map(|text| fleet.queue(text));
    fleet.change(&ids[0], |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    fleet.outbox_command(&["deliver"]);
    assert_eq!(fleet.outbox_command(&["cancel", &ids[1]]).code, 0);
    let waiting = fleet.queue("waits");
    fleet.open(&agent, "");
    let refused = fleet.outbox_command(&["retry", &ids[0], &waiting]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("'mosaic agent outbox deliver coder0' tries it now"), "{refused:?}");
    let sent = fleet.outbox_command(&["retry", &ids[0], &ids[1]]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(agent.wait_received(2), ["expired", "cancelled"]);
    assert_eq!(fleet.outbox().states(), ["accepted", "accepted", "waiting"]);
}

#[test]
fn retry_of_an_unconfirmed_message_needs_a_flag() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let id = fleet.queue("maybe");
    fleet.change(&id, |record| {
        record["state"] = "typing".into();
        record["carrier"] = serde_json::json!({"pid": 1, "start": 1, "boot": "00000000-0000-0000-0000-000000000000"});
    });
    fleet.open(&agent, "");
    let message = &fleet.listed(&[])[0];
    assert_eq!((&message["state"], &message["code"]), (&"unconfirmed".into(), &"sender-ended".into()));
    let refused = fleet.outbox_command(&["retry", &id]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
    for hint in ["'mosaic agent screen coder0'", "--even-if-typed"] {
        assert!(refused.stderr.contains(hint), "{refused:?}");
    }
    let sent = fleet.outbox_command(&["retry", &id, "--even-if-typed"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(agent.received(), ["maybe"]);
}

#[test]
fn retry_fails_while_another_message_is_typed() {
    let fleet = OutboxFleet::new();
    let (id, _) = fleet.send("hello", &[]);
    let lock = File::open(fleet.path("outbox/coder0/.turn")).unwrap();
    lock.lock().unwrap();
    let busy = fleet.outbox_command(&["retry", &id, "--wait", "0.1"]);
    assert_eq!(busy.code, 75, "{busy:?}");
    assert!(busy.stderr.contains("try again"), "{busy:?}");
    assert_eq!(fleet.listed(&[])[0]["code"], "no-session");
}
