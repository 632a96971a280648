//! The agent of a machine that has none: prints lines of made-up work, and says so in each.

use std::io::Write;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const WORK: [&str; 12] = [
    "reads the issue, for show",
    "pretends to look through src/",
    "thinks about nothing in particular",
    "would now change a function",
    "runs no tests, but waits as if",
    "finds an imaginary edge case",
    "writes a commit message to nobody",
    "asks itself whether that is simpler",
    "compares two files that do not exist",
    "waits for a reviewer who is not there",
    "counts the lines it did not write",
    "starts over, for practice",
];

/// Prints until its terminal is gone or somebody ends it.
pub(crate) fn run(name: &str) -> ExitCode {
    // Three of them must not speak in step.
    let mut mixer = name.bytes().fold(u64::from(std::process::id()), |sum, byte| sum * 31 + u64::from(byte));
    let mut terminal = std::io::stdout();
    let begin = writeln!(terminal, "stand-in: {name}, no AI: it prints made-up work until somebody ends it");
    let mut spoken = begin;
    for step in 1_u64.. {
        if spoken.is_err() {
            break;
        }
        // Knuth's multiplier for a 64-bit linear congruential generator.
        mixer = mixer.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(600 + (mixer >> 33) % 1800));
        let work = WORK[usize::try_from(mixer >> 40).unwrap_or(0) % WORK.len()];
        spoken = writeln!(terminal, "stand-in: step {step}: {work}").and_then(|()| terminal.flush());
    }
    ExitCode::SUCCESS
}
