//! Where a message's text comes from.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// One of three places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextSource {
    /// The command line.
    Given(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Standard,
}

/// Nobody means a message that is longer; what an agent is to read then is a file, and it can be told so.
const LONGEST: u64 = 16 << 20;

impl TextSource {
    /// All of it.
    ///
    /// # Errors
    /// It cannot be read, is far too long, or is typed by somebody who does not know that it is waited for.
    pub(crate) fn read(&self) -> Result<Vec<u8>, CommandError> {
        match self {
            Self::Given(text) => Ok(text.clone().into_bytes()),
            Self::File(path) if path == Path::new("-") => read(&mut io::stdin().lock(), Path::new("standard input")),
            Self::File(path) => {
                let mut file = File::open(path).map_err(|source| CommandError::io("read", path, source))?;
                read(&mut file, path)
            }
            Self::Standard if io::stdin().is_terminal() => {
                crate::view::print_notice("NOTE: type the message, and end it with Ctrl-D");
                read(&mut io::stdin().lock(), Path::new("standard input"))
            }
            Self::Standard => read(&mut io::stdin().lock(), Path::new("standard input")),
        }
    }
}

fn read(from: &mut impl Read, path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = from.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| CommandError::io("read", path, source))?;
    if bytes.len() as u64 > LONGEST {
        let text =
            format!("{} has more than {} MiB: tell the agent where it is instead", path.display(), LONGEST >> 20);
        return Err(CommandError::Usage(text));
    }
    Ok(bytes)
}
