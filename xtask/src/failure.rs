//! How a task fails: with an exit code and a message of one or more lines.

use std::fmt::Display;
use std::process::ExitCode;

/// Why a task failed. The first line is the error, the others say what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    /// A check or a build failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, lines: vec![message.into()] }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 64, lines: vec![message.into()] }
    }

    /// A requirement is missing on this machine.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 69, lines: vec![message.into()] }
    }

    /// The same failure with one more line.
    pub(crate) fn with(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Prints the message and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (first, others) = self.lines.split_first().map_or(("", &[][..]), |(first, others)| (first, others));
        note(format!("error: {first}"));
        others.iter().for_each(note);
        ExitCode::from(self.code)
    }
}

/// Prints a line about the progress of a task.
pub(crate) fn note(message: impl Display) {
    eprintln!("dev: {message}");
}
