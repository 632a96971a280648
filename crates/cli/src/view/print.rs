//! Writes to standard output.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use crate::error::CommandError;

/// Writes a text in one go. A reader that went away (`| head`) has what it wanted.
///
/// # Errors
/// It cannot be written: a full disk behind a redirection, for one.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::io("write to", "standard output", source))
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON, indented, with a line feed at its end.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::io("write to", "standard output", error.into()))?;
    print(&(text + "\n"))
}
