//! How far a message came.

use std::fmt;

use crate::{Doubt, Refusal};

/// What became of a message. It is never called sent on a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The agent has taken it: its composer is empty again, and the message shows as a turn.
    Accepted,
    /// The agent's program keeps it for when it has finished what it is doing, and says so.
    Queued,
    /// It was typed, or may have been, and nobody saw it accepted. It is not typed again.
    Unconfirmed(Doubt),
    /// Nothing was typed.
    Refused(Refusal),
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Refused(_) => "refused",
        }
    }

    /// Why it is not better.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Accepted | Self::Queued => None,
            Self::Unconfirmed(doubt) => Some(doubt.to_string()),
            Self::Refused(refusal) => Some(refusal.to_string()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.as_str()),
            None => f.pad(self.as_str()),
        }
    }
}
