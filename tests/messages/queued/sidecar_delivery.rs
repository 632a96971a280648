//! Delivery by the sidecar, which notices waiting messages: there are no units and no timer here.

use crate::queued::queue_fixture::QueueFleet;
use jiff::Timestamp;
use mosaic_harness::{Deadline, ProcessWatch, StoppedProcess};
use rustix::process::Signal;
use std::process::Stdio;
use std::thread;

#[test]
fn a_message_to_a_stopped_agent_arrives_once_after_the_start() {
    let fleet = QueueFleet::new();
    let agent = fleet.agent();
    assert_eq!(fleet.queue("while you were away", &[]), "waiting");
    let sidecar = fleet.start(&agent, "");
    assert_eq!(agent.wait_received(1), ["while you were away"]);
    fleet.outbox().wait_states(&["accepted"]);
    fleet.outbox().wait_unmarked();
    sidecar.wait_wake_ups(5);
    assert_eq!(agent.received(), ["while you were away"]);
}

#[test]
fn waiting_messages_keep_their_order() {
    let fleet = QueueFleet::new();
    let agent = fleet.agent();
    for text in ["the first", "the second\nof two lines"] {
        assert_eq!(fleet.queue(text, &[]), "waiting");
    }
    fleet.start(&agent, "");
    assert_eq!(agent.wait_received(2), ["the first", "the second\nof two lines"]);
    fleet.outbox().wait_states(&["accepted", "accepted"]);
}

#[test]
fn a_busy_agent_is_not_interrupted() {
    let fleet = QueueFleet::new();
    let agent = fleet.agent();
    let done = fleet.fleet().root().join("done");
    let sidecar = fleet.start(&agent, &format!("--spinner --busy-until {}", done.display()));
    agent.wait_screen("Working");
    assert_eq!(fleet.queue("when you are done", &[]), "waiting");
    assert_eq!(fleet.outbox().messages()[0]["code"], "busy");
    sidecar.wait_wake_ups(10);
    // The text was not typed in advance either.
    assert_eq!(fleet.outbox().states(), ["waiting"]);
    assert_eq!(agent.received(), [""; 0]);
    std::fs::write(done, "").unwrap();
    assert_eq!(agent.wait_received(1), ["when you are done"]);
    fleet.outbox().wait_states(&["accepted"]);
    assert_eq!(agent.received(), ["when you are done"]);
}

#[test]
fn an_expired_message_is_not_typed() {
    let fleet = QueueFleet::new();
    let agent = fleet.agent();
    assert_eq!(fleet.queue("only now", &["--expires", "1s"]), "waiting");
    let expires: Timestamp = fleet.outbox().messages()[0]["expires"].as_str().unwrap().parse().unwrap();
    // There is no event to wait for.
    while Timestamp::now() <= expires {
        thread::yield_now();
    }
    let sidecar = fleet.start(&agent, "");
    fleet.outbox().wait_states(&["expired"]);
    fleet.outbox().wait_unmarked();
    let listed = fleet.mosaic(&["agent", "outbox", "coder0"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("expired"), "{listed:?}");
    assert!(["accepted", "waiting"].contains(&&*fleet.queue("also later", &[])));
    assert_eq!(agent.wait_received(1), ["also later"]);
    fleet.outbox().wait_states(&["expired", "accepted"]);
    sidecar.wait_wake_ups(3);
    assert_eq!(agent.received(), ["also later"]);
}

/// The end of an agent also ends a delivery to it.
#[test]
fn a_killed_delivery_loses_no_message() {
    let fleet = QueueFleet::new();
    let agent = fleet.agent();
    assert_eq!(fleet.queue("for the next one", &[]), "waiting");
    let started = fleet.fleet().tmux_server(&["new-session", "-d", "-s", "_holder", "sleep infinity"]);
    assert!(started.status.success(), "{started:?}");
    let pid = fleet.fleet().tmux(&["display-message", "-p", "#{pid}"]);
    let pid = String::from_utf8(pid.stdout).unwrap().trim().parse().unwrap();
    let server = StoppedProcess::new(ProcessWatch::new(pid).unwrap());

    let mut command = fleet.mosaic(&["agent", "outbox", "deliver", "coder0"]);
    let mut deliverer = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Deadline::default();
    // Wait until the delivery runs tmux, which does not answer.
    while !fleet.fleet().processes().iter().any(|pid| is_child(*pid, deliverer.id())) {
        assert!(!deadline.passed(), "the delivery does not run tmux");
    }
    ProcessWatch::new(deliverer.id()).unwrap().signal(Signal::KILL.as_raw());
    deliverer.wait().unwrap();
    drop(server);
    assert!(fleet.outbox().mark().exists());
    fleet.start(&agent, "");
    assert_eq!(agent.wait_received(1), ["for the next one"]);
}

fn is_child(pid: u32, parent: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    behind.split(' ').nth(1) == Some(&parent.to_string())
}
