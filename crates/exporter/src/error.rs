//! Why the exporter does not serve.

use std::io;

use mosaic_domain::{ExitCode, NoHome};
use mosaic_probe::BadVariable;
use mosaic_web::{ListenError, WebConfigError};

/// It did not begin, or had to end. The text is the whole message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExporterError {
    /// Nothing says where the fleet lives.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// A variable of the environment.
    #[error(transparent)]
    Variable(#[from] BadVariable),
    /// The addresses.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The file of `--web.config.file`.
    #[error(transparent)]
    Config(#[from] WebConfigError),
    /// Something that every process has.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl ExporterError {
    /// What could not be done.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoHome(_) | Self::Variable(_) => ExitCode::Configuration,
            Self::Listen(error) => error.exit_code(),
            Self::Config(error) => error.exit_code(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Io { .. } => ExitCode::Io,
        }
    }
}
