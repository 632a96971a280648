//! Messages to a real program that works: their outcome is `queued`, `--verify` waits for their turn, and one that an
//! interruption puts back into the composer does not hold up the next.

use std::process::Stdio;
use std::time::Duration;

use mosaic_harness::{Deadline, ProgramSet};

use crate::delivery::site::{Sending, Site};
use crate::real_program::{CLAUDE, CODEX, OPENCODE, PI, RealProgram, Runtime};

/// How often each of the texts is a part of what the model has, alone or merged with others.
fn counts(program: &RealProgram, texts: &[&str]) -> Vec<usize> {
    let conversation = program.model.wait_conversation(|_| true, Duration::ZERO);
    let count = |text: &&str| conversation.iter().flatten().map(|part| part.matches(*text).count()).sum();
    texts.iter().map(count).collect()
}

fn sends_during_a_turn(runtime: Runtime, set: ProgramSet) {
    let Some(program) = RealProgram::or_skip(runtime, set, |_| ()) else { return };
    program.wait_idle();
    let texts = ["begin with this", "meanwhile, look at that", "and verify the third"];
    let hold = program.model.hold();
    let flags = ["--source-label", "me", "--wait", "20"];
    assert_eq!(program.send(texts[0], &flags).outcome(), "accepted", "{}", program.screen());
    program.model.wait_held();
    let second = program.send(texts[1], &flags);
    assert_eq!(
        (second.exit_code, second.outcome()),
        (Some(0), "queued".to_owned()),
        "{second:?}\n{}",
        program.screen()
    );
    let words =
        ["agent", "send", "coder0", "--json", "--source-label", "me", "-m", texts[2], "--verify", "--wait", "60"];
    let sending = Sending::begin(program.fleet.command(&words).stdin(Stdio::null()));
    program.wait_screen(texts[2]);
    // codex interrupts a request that has no answer yet to add what it has queued; the others wait for the turn's end.
    if runtime.name != CODEX.name {
        // opencode asks for a title first.
        let deadline = Deadline::after(Duration::from_mins(1));
        while counts(&program, &texts) != [1, 0, 0] {
            assert!(!deadline.passed(), "{:?}\n{}", counts(&program, &texts), program.screen());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    drop(hold);
    let verified = sending.finish();
    assert_eq!(verified.outcome(), "accepted", "{verified:?}\n{}", program.screen());
    let preambles: Vec<String> = texts.iter().map(|text| Site::preamble("me", "coder0") + text).collect();
    let preambles: Vec<&str> = preambles.iter().map(String::as_str).collect();
    let deadline = Deadline::after(Duration::from_secs(20));
    while counts(&program, &preambles) != [1, 1, 1] {
        assert!(!deadline.passed(), "{:?}\n{}", counts(&program, &preambles), program.screen());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_working_claude_queues() {
    sends_during_a_turn(CLAUDE, ProgramSet::Newest);
}

#[test]
fn a_working_older_claude_queues() {
    sends_during_a_turn(CLAUDE, ProgramSet::Older);
}

#[test]
fn a_working_codex_queues() {
    sends_during_a_turn(CODEX, ProgramSet::Newest);
}

#[test]
fn a_working_opencode_queues() {
    sends_during_a_turn(OPENCODE, ProgramSet::Newest);
}

#[test]
fn a_working_pi_queues() {
    sends_during_a_turn(PI, ProgramSet::Newest);
}

#[test]
fn a_message_that_an_interruption_puts_back_does_not_block_the_next() {
    let Some(program) = RealProgram::or_skip(CLAUDE, ProgramSet::Newest, |_| ()) else { return };
    program.wait_idle();
    let hold = program.model.hold();
    let flags = ["--source-label", "me", "--wait", "20"];
    let first = program.send("think about this", &flags);
    assert_eq!(first.outcome(), "accepted", "{first:?}");
    program.model.wait_held();
    let pressed = program.fleet.mosaic(&["agent", "key", "coder0", "Escape"]);
    assert!(pressed.status.success(), "{pressed:?}");
    program.wait_idle();
    drop(hold);
    program.wait_screen("think about this");
    let second = program.send("do that instead", &flags);
    assert_eq!(second.outcome(), "accepted", "{second:?}\n{}", program.screen());
    let id = first.receipts[0]["id"].as_str().unwrap();
    let listed = program.fleet.mosaic(&["agent", "outbox", "coder0", "--all", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let stored = listed["messages"].as_array().unwrap().iter().find(|message| message["id"] == id).unwrap();
    assert_eq!((&stored["state"], &stored["code"]), (&"unconfirmed".into(), &"taken-back".into()), "{listed:#}");
}
