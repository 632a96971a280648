//! A corpus of 40 messages to the real programs: each arrives at the model exactly once and as promised, for each
//! kind of text and width of the pane.
//!
//! By default, some of the messages are sent, at one width each. `MOSAIC_TEST_CORPUS=all` sends all of them at all widths, and
//! with `UPDATE=1` the result is written into `docs/reference/messages.md`. Another value is the name of the only message.

mod arrival;
mod result_table;
mod texts;

use std::time::Duration;

use mosaic_harness::ProgramSet;

use self::arrival::{Arrival, Sent};
use self::result_table::Results;
use self::texts::{Text, corpus};
use crate::delivery::site::Site;
use crate::real_program::{CLAUDE, CODEX, OPENCODE, PI, RealProgram, Runtime};

/// The widths of the pane, in columns. It has 24 rows.
const WIDTHS: [u32; 3] = [60, 120, 250];

/// How long the model may take to get what was accepted. The first turn of opencode takes half a minute without a network.
const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn corpus_to_pi() {
    send_corpus(PI, ProgramSet::Newest);
}

#[test]
fn corpus_to_the_older_pi() {
    send_corpus(PI, ProgramSet::Older);
}

#[test]
fn corpus_to_claude() {
    send_corpus(CLAUDE, ProgramSet::Newest);
}

#[test]
fn corpus_to_the_older_claude() {
    send_corpus(CLAUDE, ProgramSet::Older);
}

#[test]
fn corpus_to_codex() {
    send_corpus(CODEX, ProgramSet::Newest);
}

#[test]
fn corpus_to_opencode() {
    send_corpus(OPENCODE, ProgramSet::Newest);
}

fn send_corpus(runtime: Runtime, set: ProgramSet) {
    let Some(program) = RealProgram::or_skip(runtime, set, |_| ()) else { return };
    program.wait_idle();
    let label = |nth: usize| format!("m{nth:03}");
    let texts = corpus(Site::preamble(&label(0), "coder0").chars().count());
    let chosen = std::env::var("MOSAIC_TEST_CORPUS").unwrap_or_default();
    let (mut results, mut nth) = (Results::new(runtime.name, &program.version), 0);
    for (place, columns) in WIDTHS.into_iter().enumerate() {
        program.resize(columns);
        for (at, text) in texts.iter().enumerate() {
            let is_chosen = match chosen.as_str() {
                "all" => true,
                // The programs get different ones.
                "" => (at + runtime.name.len()) % 18 == 8 * place,
                name => text.name == name,
            };
            if is_chosen {
                nth += 1;
                let result = send_one(&program, text, &label(nth));
                if let Err(fault) = &result {
                    println!("{} at {columns} columns: {fault}\n{}", text.name, program.screen());
                    // A text that is still in the composer would hold up all that follows.
                    program.restart();
                    program.resize(columns);
                }
                results.add(columns, text.name, result);
            }
        }
    }
    println!("{results}");
    if chosen == "all" && std::env::var_os("UPDATE").is_some() {
        results.write();
    }
    results.assert_no_fault();
}

/// Sends a message, and returns how it arrived, or what is wrong.
fn send_one(program: &RealProgram, text: &Text, label: &str) -> Result<Arrival, String> {
    let flags: &[&str] = if text.preamble { &[] } else { &["--no-preamble"] };
    // A text without a preamble has to be another one at each width.
    let body = if text.preamble { text.body.clone() } else { format!("{} {label}", text.body) };
    let receipt = program.send(&body, &[&["--source-label", label, "--wait", "20"], flags].concat());
    match receipt.outcome().as_str() {
        "accepted" | "queued" => {}
        outcome => return Err(format!("{outcome}: {}", receipt.receipts[0]["reason"])),
    }
    let preamble = if text.preamble { Site::preamble(label, "coder0") } else { String::new() };
    let sent = Sent::new(program.runtime.name, &preamble, &body, receipt.file());
    let ours = |conversation: &[Vec<String>]| -> Vec<String> {
        conversation.iter().flatten().filter(|part| sent.is_in(part)).cloned().collect()
    };
    let conversation = program.model.wait_conversation(|seen| !ours(seen).is_empty(), LIMIT);
    match ours(&conversation).as_slice() {
        [] => Err("it has not reached the model".to_owned()),
        [one] => sent.arrival(one),
        several => Err(format!("the model got it {} times", several.len())),
    }
}
