//! Delivered because the sidecar has noticed that messages wait: there are no units here, and no timer.

use crate::queued::queue_fixture::Stage;
use jiff::Timestamp;
use mosaic_harness::{Deadline, Frozen, ProcessWatch};
use rustix::process::Signal;
use std::process::Stdio;
use std::thread;

#[test]
fn what_was_sent_to_an_agent_that_is_down_arrives_once_when_it_is_up() {
    let stage = Stage::new();
    let agent = stage.agent();
    assert_eq!(stage.queue("while you were away", &[]), "waiting");
    let sidecar = stage.start(&agent, "");
    assert_eq!(agent.wait_received(1), ["while you were away"]);
    stage.outbox().wait_states(&["accepted"]);
    stage.outbox().wait_unmarked();
    sidecar.wait_wake_ups(5);
    assert_eq!(agent.received(), ["while you were away"]);
}

#[test]
fn two_that_wait_keep_their_order() {
    let stage = Stage::new();
    let agent = stage.agent();
    for text in ["the first", "the second\nof two lines"] {
        assert_eq!(stage.queue(text, &[]), "waiting");
    }
    stage.start(&agent, "");
    assert_eq!(agent.wait_received(2), ["the first", "the second\nof two lines"]);
    stage.outbox().wait_states(&["accepted", "accepted"]);
}

#[test]
fn an_agent_at_work_is_not_interrupted() {
    let stage = Stage::new();
    let agent = stage.agent();
    let done = stage.fleet().root().join("done");
    let sidecar = stage.start(&agent, &format!("--spinner --busy-until {}", done.display()));
    agent.wait_screen("Working");
    assert_eq!(stage.queue("when you are done", &[]), "waiting");
    assert_eq!(stage.outbox().messages()[0]["code"], "busy");
    sidecar.wait_wake_ups(10);
    // Nor was it typed, to be sent later.
    assert_eq!(stage.outbox().states(), ["waiting"]);
    assert_eq!(agent.received(), [""; 0]);
    std::fs::write(done, "").unwrap();
    assert_eq!(agent.wait_received(1), ["when you are done"]);
    stage.outbox().wait_states(&["accepted"]);
    assert_eq!(agent.received(), ["when you are done"]);
}

#[test]
fn what_is_past_its_time_is_not_typed_any_more() {
    let stage = Stage::new();
    let agent = stage.agent();
    assert_eq!(stage.queue("only now", &["--expires", "1s"]), "waiting");
    let expires: Timestamp = stage.outbox().messages()[0]["expires"].as_str().unwrap().parse().unwrap();
    // A time that passes is no event.
    while Timestamp::now() <= expires {
        thread::yield_now();
    }
    let sidecar = stage.start(&agent, "");
    stage.outbox().wait_states(&["expired"]);
    stage.outbox().wait_unmarked();
    let told = stage.mosaic(&["agent", "outbox", "coder0"]).output().unwrap();
    assert!(String::from_utf8_lossy(&told.stdout).contains("expired"), "{told:?}");
    assert!(["accepted", "waiting"].contains(&&*stage.queue("also later", &[])));
    assert_eq!(agent.wait_received(1), ["also later"]);
    stage.outbox().wait_states(&["expired", "accepted"]);
    sidecar.wait_wake_ups(3);
    assert_eq!(agent.received(), ["also later"]);
}

/// An agent that ends takes along whoever is about to deliver to it.
#[test]
fn whoever_delivers_may_be_killed_and_no_message_is_forgotten() {
    let stage = Stage::new();
    let agent = stage.agent();
    assert_eq!(stage.queue("for the next one", &[]), "waiting");
    let started = stage.fleet().tmux_server(&["new-session", "-d", "-s", "_holder", "sleep infinity"]);
    assert!(started.status.success(), "{started:?}");
    let pid = stage.fleet().tmux(&["display-message", "-p", "#{pid}"]);
    let pid = String::from_utf8(pid.stdout).unwrap().trim().parse().unwrap();
    let server = Frozen::new(ProcessWatch::new(pid).unwrap());

    let mut command = stage.mosaic(&["agent", "outbox", "deliver", "coder0"]);
    let mut deliverer = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Deadline::default();
    // It has begun: it asks tmux, which does not answer.
    while !stage.fleet().processes().iter().any(|pid| is_child(*pid, deliverer.id())) {
        assert!(!deadline.passed(), "it asks nobody");
    }
    ProcessWatch::new(deliverer.id()).unwrap().signal(Signal::KILL.as_raw());
    deliverer.wait().unwrap();
    drop(server);
    assert!(stage.outbox().mark().exists());
    stage.start(&agent, "");
    assert_eq!(agent.wait_received(1), ["for the next one"]);
}

fn is_child(pid: u32, parent: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    behind.split(' ').nth(1) == Some(&parent.to_string())
}
