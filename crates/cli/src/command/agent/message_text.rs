//! Reads the text of a message from the command line, a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use crate::error::CommandError;
use crate::view::print_notice;

/// Where the text of a message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MessageText {
    /// The command line.
    Argument(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// The longest text. A longer one is certainly a mistake; the agent can be asked to read a file instead.
const LONGEST: u64 = 16 << 20;

impl MessageText {
    /// Reads the whole text. At a terminal, a note says how the text ends.
    ///
    /// # Errors
    /// The text cannot be read, or is too long.
    pub(super) fn read(&self) -> Result<Vec<u8>, CommandError> {
        match self {
            Self::Argument(text) => Ok(text.clone().into_bytes()),
            Self::File(path) if path == Path::new("-") => read(&mut io::stdin().lock(), Path::new("standard input")),
            Self::File(path) => {
                let mut file = File::open(path).map_err(|source| CommandError::io("read", path, source))?;
                read(&mut file, path)
            }
            Self::Stdin => {
                if io::stdin().is_terminal() {
                    print_notice("NOTE: type the message and end it with Ctrl-D");
                }
                read(&mut io::stdin().lock(), Path::new("standard input"))
            }
        }
    }
}

fn read(reader: &mut impl Read, path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = reader.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| CommandError::io("read", path, source))?;
    if bytes.len() as u64 > LONGEST {
        let limit = LONGEST >> 20;
        let text = format!("{} is longer than {limit} MiB: ask the agent to read a file instead", path.display());
        return Err(CommandError::Usage(text));
    }
    Ok(bytes)
}
