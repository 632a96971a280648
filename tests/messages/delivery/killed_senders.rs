//! A killed sender blocks no other sender, sends nothing twice, and leaves a correct record.

use crate::delivery::record_watch::{RecordWatch, records};
use crate::delivery::site::Site;
use crate::delivery::test_program;
use mosaic_harness::ProcessWatch;
use rustix::process::Signal;
use std::process::Stdio;
use std::time::Duration;

/// Sends a message and kills the sender when `moment` returns.
fn send_and_kill(site: &Site, nth: usize, moment: impl FnOnce(&ProcessWatch)) {
    let mut sender = site.send_command(&["k0", "--source-label", "killed", "--no-preamble"]);
    let mut sender = sender.args(["--message", &format!("try {nth}")]).stdout(Stdio::null()).spawn().unwrap();
    let process = ProcessWatch::new(sender.id()).unwrap();
    moment(&process);
    process.signal(Signal::KILL.as_raw());
    sender.wait().unwrap();
}

/// Sends a message after a kill. A text that the killed sender left in the composer is submitted first.
fn send_after(site: &Site, nth: usize) {
    let text = format!("after {nth}");
    let sent = site.send(&["k0", "--no-preamble", "--message", &text, "--wait", "30"]);
    assert_eq!(sent.outcome(), "accepted", "{text}: {sent:?}\n{}", site.screen("k0"));
}

/// The records of the killed senders' messages agree with what the agent received.
fn assert_records_are_correct(site: &Site, tries: usize) {
    let settled = site.mosaic(&["agent", "outbox", "deliver", "k0"]).output().unwrap();
    assert!(settled.status.code().is_some_and(|code| code <= 2), "{settled:?}");
    let received = test_program::received(site, "k0");
    let times = |text: &str| received.iter().filter(|received| *received == text).count();
    for record in records(site, "k0").iter().filter(|record| record["source"] == "killed") {
        let times = times(record["text"].as_str().unwrap());
        let is_correct = match record["state"].as_str().unwrap() {
            "accepted" => times == 1,
            "refused" => times == 0,
            "unconfirmed" => times <= 1,
            _ => false,
        };
        assert!(is_correct, "it arrived {times} times: {record}");
    }
    let known = |text: &String| (0..tries).any(|nth| *text == format!("try {nth}") || *text == format!("after {nth}"));
    let unknown: Vec<_> = received.iter().filter(|text| !known(text)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!((0..tries).all(|nth| times(&format!("after {nth}")) == 1), "{received:#?}");
}

fn site() -> Site {
    let site = test_program::site(&["k0"], "tui", "");
    site.wait_screen("k0", "test-tui");
    site
}

#[test]
fn a_sender_killed_at_each_step_blocks_and_repeats_nothing() {
    let site = site();
    let outbox = RecordWatch::new(&site, "k0");
    let steps = ["staged", "typing", "typed", "submitted"];
    for nth in 0..60 {
        let text = format!("try {nth}");
        send_and_kill(&site, nth, |_| outbox.wait_state(steps[nth % 4], |record| record["text"] == text.as_str()));
        send_after(&site, nth);
    }
    assert_records_are_correct(&site, 60);
    let states: Vec<_> = records(&site, "k0").iter().map(|record| record["state"].to_string()).collect();
    for state in ["\"refused\"", "\"accepted\""] {
        assert!(states.iter().any(|known| known == state), "no sender was killed in time: {states:?}");
    }
}

#[test]
fn a_sender_killed_at_any_moment_blocks_and_repeats_nothing() {
    let site = site();
    for nth in 0..60 {
        let moment = Duration::from_millis(u64::try_from(nth).unwrap() * 3);
        let wait = |process: &ProcessWatch| {
            let _ = process.wait_for(moment);
        };
        send_and_kill(&site, nth, wait);
        send_after(&site, nth);
    }
    assert_records_are_correct(&site, 60);
}
