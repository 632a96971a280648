use crate::submission_log::SubmissionLog;
use std::io::{Write, stdin, stdout};

/// A program that leaves editing to the terminal, as most interpreters do without a library.
pub(crate) fn run(mut log: SubmissionLog) {
    loop {
        print!("> ");
        stdout().flush().expect("write to the terminal");
        let mut line = String::new();
        if stdin().read_line(&mut line).expect("read from the terminal") == 0 {
            return;
        }
        log.write(&line.strip_suffix('\n').unwrap_or(&line));
    }
}
