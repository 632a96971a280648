//! How far a message has come.

use std::fmt;

/// The state of a message in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// On disk; somebody is about to carry it.
    Staged,
    /// On disk, until the agent is ready for it.
    Waiting,
    /// About to be typed: it may have been.
    Typing,
    /// Typed.
    Typed,
    /// Enter was pressed.
    Submitted,
    /// The agent has taken it.
    Accepted,
    /// The agent's program keeps it for when it is done.
    Queued,
    /// Typed, or maybe typed, and not seen accepted.
    Unconfirmed,
    /// Not typed.
    Refused,
    /// Not typed in the time that it was good for.
    Expired,
    /// Not typed, because somebody did not want it any more.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Staged,
        Self::Waiting,
        Self::Typing,
        Self::Typed,
        Self::Submitted,
        Self::Accepted,
        Self::Queued,
        Self::Unconfirmed,
        Self::Refused,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Waiting => "waiting",
            Self::Typing => "typing",
            Self::Typed => "typed",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Unconfirmed => "unconfirmed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Is somebody carrying it?
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Staged | Self::Typing | Self::Typed | Self::Submitted)
    }

    /// Is this the end of it?
    #[must_use]
    pub fn is_final(self) -> bool {
        !self.is_under_way() && self != Self::Waiting
    }

    /// May something of it have been typed?
    #[must_use]
    pub fn may_be_typed(self) -> bool {
        matches!(self, Self::Typing | Self::Typed | Self::Submitted | Self::Accepted | Self::Queued | Self::Unconfirmed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
