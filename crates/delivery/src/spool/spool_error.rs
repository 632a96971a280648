//! Why the outbox could not do it.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

/// A message that could not be kept, read or found.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file or directory.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// What was to be done with it.
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that is no message.
    #[error("{} is no message: {message}; remove it, or put it elsewhere", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

impl SpoolError {
    pub(super) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// The exit code of a program that ends because of this.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Io { .. } | Self::Malformed { .. } => ExitCode::Io,
        }
    }
}
