//! The roster that is there.

use std::fs;
use std::io;
use std::path::Path;

use mosaic_roster::Roster;

use crate::error::CommandError;

/// A roster's text, and what it says, if it makes sense.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) text: String,
    pub(super) roster: Result<Roster, String>,
}

impl Present {
    /// Reads it; nothing if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, CommandError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let roster = Roster::parse(&text, path).map_err(|error| error.to_string());
                Ok(Some(Self { text, roster }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CommandError::io("read", path, source)),
        }
    }
}
