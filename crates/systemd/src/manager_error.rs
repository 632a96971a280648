//! Why a call to the user manager fails, and when.

use std::fmt::Display;
use std::time::{Duration, Instant};

use mosaic_domain::decimal_seconds;

/// A failed call to the user manager.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagerError {
    /// This user has no manager on this host.
    #[error("no systemd user manager on this host: {why}")]
    Absent {
        /// The evidence.
        why: String,
    },
    /// A socket of the manager or of its bus exists, but the connection fails.
    #[error("the systemd user manager cannot be reached: {why}; see 'systemctl --user status'")]
    Unreachable {
        /// The addresses that were tried, each with its error.
        why: String,
    },
    /// The manager or the bus did not answer in time.
    #[error(
        "the systemd user manager did not answer within {} s; check whether it, or the user's D-Bus, hangs",
        decimal_seconds(*.limit)
    )]
    Deadline {
        /// The time limit of the call.
        limit: Duration,
    },
    /// The manager refused the call, or its answer cannot be parsed.
    #[error("the systemd user manager refused to {what}: {message}")]
    Refused {
        /// The request, as an infinitive: `list units`.
        what: String,
        /// The manager's message.
        message: String,
    },
}

impl ManagerError {
    pub(crate) fn refused(what: impl Into<String>, message: impl Display) -> Self {
        Self::Refused { what: what.into(), message: format!("{message}") }
    }

    pub(crate) fn unreachable(why: impl Display) -> Self {
        Self::Unreachable { why: format!("{why}") }
    }

    /// A state that this version does not know, from a newer systemd.
    pub(crate) fn unknown_state(unit: impl Display, state: impl Display) -> Self {
        Self::refused(format!("describe {unit}"), format!("unknown unit state '{state}'"))
    }
}

/// Longer than any call takes, and short enough that adding it to a clock reading does not overflow.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// The deadline of a call that starts now.
pub(crate) fn deadline_after(limit: Duration) -> Instant {
    Instant::now() + limit.min(LONGEST)
}
