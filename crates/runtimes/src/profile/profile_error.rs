//! Why there is no profile.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It cannot be read.
    #[error("cannot read the runtime profile {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It makes no sense.
    #[error("{}: {message}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where, what is wrong, and what was expected.
        message: String,
    },
}

impl ProfileError {
    /// The exit code of a program that ends because of this.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Unreadable { .. } => ExitCode::Io,
            Self::Invalid { .. } => ExitCode::Configuration,
        }
    }
}
