//! A terminal program for tests that imitates the agents' user interfaces: it edits a message at the bottom of the
//! screen and appends each submitted message to a file, as a line of JSON.
//!
//! Flags enable the differences between real programs and their faults; see [`Options`].
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for tests: a panic names the line that failed")]

mod composer;
mod keyboard;
mod options;
mod screen;
mod session;
mod tui;
mod wrap;

use options::Options;
use tui::SubmissionLog;

fn main() {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("test-tui: {error}\n{}", Options::USAGE);
            std::process::exit(64);
        }
    };
    let log = SubmissionLog::open(&options.log);
    if options.line {
        session::run_line_reader(log);
    } else {
        session::run_tui(options, log);
    }
}
