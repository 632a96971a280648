//! Why there is no roster.

use std::fmt;
use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

/// Why a roster cannot be used. The text is the whole message.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// There is no such file.
    #[error("there is no roster at {}: write one with `mosaic fleet init`, or name yours with --roster", .path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the roster {}: {source}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file's text is no roster.
    #[error(transparent)]
    Invalid(#[from] InvalidRoster),
}

/// What is wrong with a roster's text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidRoster {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in one line.
    pub problem: String,
    /// The lines of the file concerned, marked.
    pub snippet: String,
    /// What was expected and what to do.
    pub advice: Option<String>,
}

impl fmt::Display for InvalidRoster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, problem, snippet, advice } = self;
        write!(f, "{}:{line}:{column}: {problem}", path.display())?;
        if !snippet.is_empty() {
            write!(f, "\n{snippet}")?;
        }
        match advice {
            Some(advice) => write!(f, "\n{advice}"),
            None => Ok(()),
        }
    }
}

impl RosterError {
    /// The exit code of a program that cannot go on without the roster.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotFound { .. } | Self::Invalid(_) => ExitCode::Configuration,
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Unreadable { .. } => ExitCode::Io,
        }
    }
}
