//! What exists at a path.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::ProvisionError;

/// What exists at a path. A symbolic link is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathState {
    /// Nothing exists.
    Missing,
    /// A regular file with valid UTF-8 text.
    File {
        /// The permission bits.
        mode: u32,
        /// The text.
        text: String,
    },
    /// A symbolic link and its target.
    Link(PathBuf),
    /// A directory, a device or another type of file.
    Other,
}

impl PathState {
    /// Reads a text file or a link.
    ///
    /// # Errors
    /// The path cannot be read, or the file is not valid UTF-8.
    pub fn read(path: &Path) -> Result<Self, ProvisionError> {
        let failed = ProvisionError::file("read", path);
        let kind = match fs::symlink_metadata(path) {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(failed(error)),
        };
        if kind.is_symlink() {
            return fs::read_link(path).map(Self::Link).map_err(failed);
        }
        if !kind.is_file() {
            return Ok(Self::Other);
        }
        let bytes = fs::read(path).map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| ProvisionError::NotUtf8(path.to_owned()))?;
        Ok(Self::File { mode: kind.permissions().mode() & 0o7777, text })
    }

    /// As [`read`](Self::read), but a link is followed and counts as the file that it leads to.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_through_link(path: &Path) -> Result<Self, ProvisionError> {
        match Self::read(path)? {
            Self::Link(_) => match fs::canonicalize(path) {
                Ok(target) => Self::read(&target),
                Err(error) => Err(ProvisionError::file("follow the link", path)(error)),
            },
            state => Ok(state),
        }
    }

    /// The text, if the path is a file.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::File { text, .. } => Some(text),
            _ => None,
        }
    }
}
