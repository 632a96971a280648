//! Writing to standard output and standard error.

use std::io::{self, ErrorKind, Write};
use std::sync::Once;

use mosaic_terminal::escape_control;
use serde::Serialize;

use crate::error::CommandError;

/// Writes a text to standard output in one call. A closed pipe (`| head`) is not an error.
///
/// # Errors
/// Standard output cannot be written to, for example because the disk is full.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::io("write to", "standard output", source))
        }
        _ => Ok(()),
    }
}

/// Writes a value to standard output as indented JSON and a line feed.
///
/// # Errors
/// See [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::io("write to", "standard output", error.into()))?;
    print(&(text + "\n"))
}

/// Writes a text about what a command has done to standard output. If that fails, a notice says so once, and the exit
/// code of the command still tells what was done: a caller that sees a failure would do it again.
pub(crate) fn print_outcome(text: &str) {
    note_failure(print(text));
}

/// As [`print_outcome`], for a value as indented JSON.
pub(crate) fn print_json_outcome(value: &impl Serialize) {
    note_failure(print_json(value));
}

fn note_failure(printed: Result<(), CommandError>) {
    static NOTED: Once = Once::new();
    if let Err(error) = printed {
        NOTED.call_once(|| print_notice(&format!("NOTE: {error}; the exit code tells what was done")));
    }
}

/// Writes a notice and a line feed to standard error in one call. Control characters are escaped, because names and
/// paths in it may come from others. A failure is ignored: it does not change the outcome of the command.
pub(crate) fn print_notice(text: &str) {
    let _ = io::stderr().lock().write_all((escape_control(text) + "\n").as_bytes());
}
