//! What is at a path.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::ProvisionError;

/// What is at a path, without following a link at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file.
    File {
        /// Its permissions.
        mode: u32,
        /// What is in it.
        text: String,
    },
    /// A link.
    Link(PathBuf),
    /// A directory, device or the like.
    Other,
}

impl Found {
    /// Looks at a path where there should be a text or a link.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn look(path: &Path) -> Result<Self, ProvisionError> {
        let read = ProvisionError::file("read", path);
        let kind = match fs::symlink_metadata(path) {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
            Err(error) => return Err(read(error)),
        };
        if kind.is_symlink() {
            return fs::read_link(path).map(Self::Link).map_err(read);
        }
        if !kind.is_file() {
            return Ok(Self::Other);
        }
        let bytes = fs::read(path).map_err(read)?;
        let text = String::from_utf8(bytes).map_err(|_| ProvisionError::NotText(path.to_owned()))?;
        Ok(Self::File { mode: kind.permissions().mode() & 0o7777, text })
    }

    /// As [`look`](Self::look), for a file that may be kept elsewhere: a link to one counts as the
    /// file.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub fn look_through(path: &Path) -> Result<Self, ProvisionError> {
        match Self::look(path)? {
            Self::Link(_) => match fs::canonicalize(path) {
                Ok(place) => Self::look(&place),
                Err(error) => Err(ProvisionError::file("follow the link", path)(error)),
            },
            found => Ok(found),
        }
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::File { text, .. } => Some(text),
            _ => None,
        }
    }
}
