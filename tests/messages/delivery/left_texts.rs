//! Texts that an ended sender left in a composer: they are named, and submitted or removed, and are never taken for a
//! person's. And programs that act on Enter late.

use crate::delivery::record_watch::{RecordWatch, records};
use crate::delivery::site::{Agent, Sending, Site};
use crate::delivery::test_program;
use mosaic_harness::{ProcessWatch, StoppedProcess};
use rustix::process::Signal;
use std::process::{Child, Output, Stdio};

/// A site whose agent `k0` is a child of the pane process, because tmux continues a pane process that is stopped.
fn site(flags: &str) -> Site {
    let site = Site::with_agents(&[Agent::new("k0", "tui", "unused")]);
    site.write_profile("tui", test_program::PROFILE);
    drop(test_program::log(&site, "k0").create());
    let command = test_program::command(&site, "k0", flags);
    site.open_session("k0", &format!("{}; true", command.strip_prefix("exec ").unwrap()));
    if !flags.contains("--dialog") {
        site.wait_screen("k0", "test-tui");
    }
    site
}

/// Stops the program of `k0`, so that it reads a text only after this value is dropped.
fn stop(site: &Site) -> StoppedProcess {
    let pane = site.tmux(&["display-message", "-p", "-t", "=k0:", "#{pane_pid}"]).trim().to_owned();
    let children = std::fs::read_to_string(format!("/proc/{pane}/task/{pane}/children")).unwrap();
    StoppedProcess::new(ProcessWatch::new(children.trim().parse().unwrap()).unwrap())
}

/// Begins to send a text to the stopped program, and returns when it was typed.
fn type_into_stopped(site: &Site, text: &str) -> Child {
    let outbox = RecordWatch::new(site, "k0");
    let mut sender = site.send_command(&["k0", "--source-label", "first", "--no-preamble", "--message", text]);
    let sender = sender.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    outbox.wait_state("typed", |record| record["text"] == text);
    sender
}

fn signal(sender: &Child, signal: Signal) {
    ProcessWatch::new(sender.id()).unwrap().signal(signal.as_raw());
}

/// A text that a killed sender left in the composer; returns the message's id.
fn leave(site: &Site, text: &str) -> String {
    let stopped = stop(site);
    let mut sender = type_into_stopped(site, text);
    signal(&sender, Signal::KILL);
    sender.wait().unwrap();
    drop(stopped);
    site.wait_screen("k0", text.lines().last().unwrap());
    records(site, "k0")[0]["id"].as_str().unwrap().to_owned()
}

fn run(site: &Site, words: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = site.mosaic(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.code(), text(&stdout) + &text(&stderr))
}

#[test]
fn a_later_send_submits_the_text_of_a_killed_sender_first() {
    let site = site("");
    let id = leave(&site, "one\nand two");
    let (_, shown) = run(&site, &["fleet", "ps"]);
    assert!(shown.contains(&format!("k0: the composer contains the message {id} from first")), "{shown}");
    let sent = site.send(&["k0", "--no-preamble", "--message", "three"]);
    assert_eq!(sent.outcome(), "accepted", "{sent:?}\n{}", site.screen("k0"));
    assert_eq!(test_program::wait_received(&site, "k0", 2), ["one\nand two", "three"]);
    assert_eq!(records(&site, "k0")[0]["state"], "accepted");
    let (_, shown) = run(&site, &["fleet", "ps"]);
    assert!(!shown.contains("the composer contains"), "{shown}");
}

#[test]
fn the_text_of_a_killed_sender_can_be_submitted_or_removed() {
    for (command, state, received) in
        [("retry", "accepted", &["one\nand two", "last"][..]), ("cancel", "cancelled", &["last"])]
    {
        let site = site("");
        let id = leave(&site, "one\nand two");
        let (code, answer) = run(&site, &["agent", "outbox", command, &id]);
        assert_eq!(code, Some(0), "{command}: {answer}\n{}", site.screen("k0"));
        assert_eq!(records(&site, "k0")[0]["state"], state, "{answer}");
        assert_eq!(site.send(&["k0", "--no-preamble", "--message", "last"]).outcome(), "accepted", "{command}");
        assert_eq!(test_program::wait_received(&site, "k0", received.len()), received, "{command}");
    }
}

#[test]
fn a_text_that_a_person_has_changed_is_theirs() {
    let site = site("");
    let id = leave(&site, "one");
    site.tmux(&["send-keys", "-t", "=k0:", "-l", "!"]);
    site.wait_screen("k0", "one!");
    assert_eq!(site.send(&["k0", "--message", "two"]).outcome(), "refused draft");
    let (code, answer) = run(&site, &["agent", "outbox", "cancel", &id]);
    assert_eq!(code, Some(1), "{answer}");
    site.wait_screen("k0", "one!");
}

#[test]
fn a_terminated_sender_leaves_no_text_behind() {
    let site = site("");
    let stopped = stop(&site);
    let sender = type_into_stopped(&site, "one");
    signal(&sender, Signal::TERM);
    drop(stopped);
    let output = sender.wait_with_output().unwrap();
    let outcome = records(&site, "k0")[0]["state"].as_str().unwrap().to_owned();
    let received: &[&str] = match outcome.as_str() {
        "accepted" => &["one", "two"],
        "refused" => &["two"],
        other => panic!("{other}: {output:?}"),
    };
    assert_eq!(site.send(&["k0", "--no-preamble", "--message", "two"]).outcome(), "accepted", "{output:?}");
    assert_eq!(test_program::wait_received(&site, "k0", received.len()), received);
}

#[test]
fn a_terminated_sender_that_waits_ends_at_once() {
    let site = site("--dialog-until FILE");
    site.wait_screen("k0", "Do you want to proceed?");
    let outbox = RecordWatch::new(&site, "k0");
    let mut command = site.send_command(&["k0", "--message", "one", "--wait", "100"]);
    let sender = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    outbox.wait_state("staged", |_| true);
    signal(&sender, Signal::INT);
    let output = sender.wait_with_output().unwrap();
    // The signal may come before it is handled.
    assert!([Some(1), None].contains(&output.status.code()), "{output:?}");
    let record = &records(&site, "k0")[0];
    assert!(record["state"] == "staged" || record["code"] == "interrupted", "{record}");
}

#[test]
fn a_program_that_acts_late_gets_one_enter() {
    let site = site("--enter-until FILE");
    let sending = Sending::begin(&mut site.send_command(&["k0", "--no-preamble", "--message", "one", "--wait", "4"]));
    let sent = sending.finish();
    assert_eq!(sent.outcome(), "unconfirmed still-there", "{sent:?}");
    // A later sender does not press Enter either, and names the message.
    let later = site.send(&["k0", "--no-preamble", "--message", "two"]);
    assert_eq!(later.outcome(), "refused own-draft", "{later:?}");
    let id = records(&site, "k0")[0]["id"].as_str().unwrap().to_owned();
    assert!(later.receipts[0]["reason"].as_str().unwrap().contains(&id), "{later:?}");
    test_program::release(&site);
    assert_eq!(test_program::wait_received(&site, "k0", 1), ["one"]);
    assert_eq!(site.send(&["k0", "--no-preamble", "--message", "three"]).outcome(), "accepted");
    assert_eq!(test_program::wait_received(&site, "k0", 2), ["one", "three"]);
}

#[test]
fn a_lost_enter_is_pressed_again_on_request() {
    let site = site("--swallow-first-enter");
    let sent = site.send(&["k0", "--no-preamble", "--message", "one", "--wait", "2"]);
    assert_eq!(sent.outcome(), "unconfirmed still-there", "{sent:?}");
    let id = records(&site, "k0")[0]["id"].as_str().unwrap().to_owned();
    let (code, answer) = run(&site, &["agent", "outbox", "retry", &id]);
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!(test_program::wait_received(&site, "k0", 1), ["one"]);
}

#[test]
fn a_message_that_is_shown_during_a_turn_is_queued() {
    let site = site("--spinner --hold-while-busy --busy-until FILE");
    site.wait_screen("k0", "Working");
    assert_eq!(site.send(&["k0", "--no-preamble", "--message", "during the turn"]).outcome(), "queued");
    let words = ["k0", "--no-preamble", "--message", "and verified", "--verify", "--wait", "60"];
    let sending = Sending::begin(&mut site.send_command(&words));
    site.wait_screen("k0", "and verified");
    assert_eq!(test_program::received(&site, "k0"), [""; 0]);
    test_program::release(&site);
    assert_eq!(sending.finish().outcome(), "accepted");
    assert_eq!(test_program::wait_received(&site, "k0", 2), ["during the turn", "and verified"]);
}
