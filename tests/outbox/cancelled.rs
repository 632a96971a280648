//! Messages that are taken back.

use crate::stage::{Stage, short};

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
