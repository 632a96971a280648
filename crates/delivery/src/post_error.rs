//! Why a message was not dealt with.

use std::io;

use mosaic_domain::ExitCode;

use crate::spool::SpoolError;
use mosaic_runtimes::ProfileError;

/// Something that the sender's host does not let us do.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The outbox.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A runtime's profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The kernel does not say which process this is, or gives no random number.
    #[error("cannot read /proc: {0}")]
    Proc(#[source] io::Error),
}

impl PostError {
    /// The exit code of a program that ends because of this.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Spool(error) => error.exit_code(),
            Self::Profile(error) => error.exit_code(),
            Self::Proc(_) => ExitCode::Io,
        }
    }
}
