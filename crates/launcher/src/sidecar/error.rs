//! Why a sidecar could not do its work.

use std::io;

use mosaic_domain::ExitCode;

use super::InvalidAssignment;
use crate::start::RequestError;

/// Why a sidecar could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// Not started as it must be.
    #[error(transparent)]
    Assignment(#[from] InvalidAssignment),
    /// The environment is not the launcher's.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Another sidecar watches the agent.
    #[error("another sidecar watches this agent")]
    Busy,
    /// The system refused something that it needs.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl SidecarError {
    /// The exit code that says so.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Assignment(_) => ExitCode::Usage,
            Self::Request(error) => error.exit_code(),
            Self::Busy => ExitCode::Busy,
            Self::Io(_) => ExitCode::Io,
        }
    }
}
