//! A terminal program of the tests that behaves as the agents' own do: it edits a message at the
//! bottom of the screen, and writes each one that is submitted to a file, as a line of JSON.
//!
//! What real programs differ in, and what goes wrong with them, is a flag each: see [`Options`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program of the tests: a panic names the line, which is what a failed test is for"
)]

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
