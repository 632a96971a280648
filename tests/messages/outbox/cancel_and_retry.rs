//! Messages that are taken back.

use crate::outbox::outbox_fixture::{Stage, short};
use std::fs::File;

#[test]
fn what_waits_can_be_taken_back_and_is_not_delivered() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let (id, kept) = (stage.queue("not any more"), stage.queue("this"));
    let cancelled = stage.outbox_command(&["cancel", short(&id)]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert_eq!(cancelled.said, format!("coder0  cancelled  [{id}]\n"));
    assert_eq!(stage.outbox_command(&["cancel", &id]).code, 0, "it is so already");
    stage.open(&agent, "");
    assert_eq!(stage.outbox_command(&["deliver"]).code, 0);
    assert_eq!(agent.wait_received(1), ["this"]);
    let too_late = stage.outbox_command(&["cancel", &kept]);
    assert_eq!((too_late.code, too_late.said.as_str()), (1, ""), "{too_late:?}");
    assert!(too_late.errors.contains("is accepted, so it cannot be canceled"), "{too_late:?}");
    assert_eq!(stage.outbox().states(), ["cancelled", "accepted"]);
}

#[test]
fn the_last_one_that_waits_takes_the_mark_along() {
    let stage = Stage::new();
    let id = stage.queue("not any more");
    assert!(stage.outbox().mark().exists());
    assert_eq!(stage.outbox_command(&["cancel", &id]).code, 0);
    assert!(!stage.outbox().mark().exists());
}

#[test]
fn an_id_that_nobody_has_is_wrong_usage() {
    let stage = Stage::new();
    let id = stage.queue("hello");
    for wrong in ["zzzz", "coder0", "00000000000000-0000"] {
        let answer = stage.outbox_command(&["cancel", &id, wrong]);
        assert_eq!(answer.code, 64, "{answer:?}");
        assert!(answer.errors.contains("mosaic agent outbox"), "{answer:?}");
    }
    assert_eq!(stage.outbox().states(), ["waiting"], "nothing is done if one makes no sense");
}

// DOC Messages that are sent anew.

#[test]
fn what_was_refused_is_sent_anew_under_its_id() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let (id, outcome) = stage.send("hello", &["--no-preamble"]);
    assert_eq!(outcome, "refused");
    let down = stage.outbox_command(&["retry", short(&id)]);
    assert_eq!(down.code, 1, "{down:?}");
    assert!(down.said.contains("coder0  refused: the agent has no session"), "{down:?}");
    stage.open(&agent, "");
    let sent = stage.outbox_command(&["retry", short(&id), short(&id)]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(sent.said, format!("coder0  accepted  [{id}]\n"));
    let again = stage.outbox_command(&["retry", &id]);
    assert_eq!((again.code, again.said.as_str()), (1, ""), "{again:?}");
    assert!(again.errors.contains("is accepted, so it is not sent again: the agent has it"), "{again:?}");
    assert_eq!(agent.received(), ["hello"]);
}

#[test]
fn what_expired_or_was_cancelled_is_sent_anew_and_what_waits_is_not() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let ids = ["expired", "cancelled"].map(|text| stage.queue(text));
    stage.change(&ids[0], |record| record["expires"] = "2020-01-01T00:00:00Z".into());
    stage.outbox_command(&["deliver"]);
    assert_eq!(stage.outbox_command(&["cancel", &ids[1]]).code, 0);
    let waiting = stage.queue("waits");
    stage.open(&agent, "");
    let refused = stage.outbox_command(&["retry", &ids[0], &waiting]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.errors.contains("'mosaic agent outbox deliver coder0' tries it now"), "{refused:?}");
    let sent = stage.outbox_command(&["retry", &ids[0], &ids[1]]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(agent.wait_received(2), ["expired", "cancelled"]);
    assert_eq!(stage.outbox().states(), ["accepted", "accepted", "waiting"]);
}

#[test]
fn what_may_have_been_typed_is_sent_anew_only_by_somebody_who_has_looked() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let id = stage.queue("maybe");
    stage.change(&id, |record| {
        record["state"] = "typing".into();
        record["carrier"] = serde_json::json!({"pid": 1, "start": 1, "boot": "00000000-0000-0000-0000-000000000000"});
    });
    stage.open(&agent, "");
    let message = &stage.listed(&[])[0];
    assert_eq!((&message["state"], &message["code"]), (&"unconfirmed".into(), &"sender-ended".into()));
    let refused = stage.outbox_command(&["retry", &id]);
    assert_eq!((refused.code, refused.said.as_str()), (1, ""), "{refused:?}");
    for hint in ["'mosaic agent screen coder0'", "--even-if-typed"] {
        assert!(refused.errors.contains(hint), "{refused:?}");
    }
    let sent = stage.outbox_command(&["retry", &id, "--even-if-typed"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(agent.received(), ["maybe"]);
}

#[test]
fn while_another_message_is_typed_nothing_changes() {
    let stage = Stage::new();
    let (id, _) = stage.send("hello", &[]);
    let turn = File::open(stage.path("outbox/coder0/.turn")).unwrap();
    turn.lock().unwrap();
    let busy = stage.outbox_command(&["retry", &id, "--wait", "0.1"]);
    assert_eq!(busy.code, 75, "{busy:?}");
    assert!(busy.errors.contains("try again"), "{busy:?}");
    assert_eq!(stage.listed(&[])[0]["code"], "no-session");
}
