//! Why the manager did not do it.

use std::fmt::Display;
use std::time::Duration;

use mosaic_domain::ExitCode;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagerError {
    /// There is no user manager for this user on this host.
    #[error("there is no systemd user manager here: {why}")]
    Absent {
        /// How that shows.
        why: String,
    },
    /// There is one, or its socket, and it cannot be talked to.
    #[error("the systemd user manager cannot be reached: {why}; see 'systemctl --user status'")]
    Unreachable {
        /// What was tried, and what came of it.
        why: String,
    },
    /// It, or the bus, did not answer in time.
    #[error(
        "the systemd user manager did not answer within {} s; see whether it, or the D-Bus of the user, hangs",
        .limit.as_secs_f32()
    )]
    Deadline {
        /// The time it had.
        limit: Duration,
    },
    /// It answered, and the answer is no, or nothing that makes sense.
    #[error("the systemd user manager refused to {what}: {message}")]
    Refused {
        /// What it was asked for.
        what: String,
        /// What it said.
        message: String,
    },
}

impl ManagerError {
    /// The exit code of a program that ends because of it.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Absent { .. } | Self::Unreachable { .. } | Self::Deadline { .. } => ExitCode::Unavailable,
            Self::Refused { .. } => ExitCode::CheckFailed,
        }
    }

    pub(crate) fn refused(what: impl Into<String>, message: impl Display) -> Self {
        Self::Refused { what: what.into(), message: format!("{message}") }
    }

    pub(crate) fn unreachable(why: impl Display) -> Self {
        Self::Unreachable { why: format!("{why}") }
    }

    /// A state that this program has not heard of, of a systemd that is newer.
    pub(crate) fn unknown_word(unit: impl Display, word: impl Display) -> Self {
        Self::refused(format!("describe {unit}"), format!("'{word}' is no state that is known here"))
    }
}
