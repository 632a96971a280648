//! The one-word verdict on an agent.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What to think of an agent: the word to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Its process is alive, and its heartbeat fresh.
    Up,
    /// Its unit is still activating.
    Starting,
    /// Its process is alive, and its heartbeat late.
    Stale,
    /// The pane's process is gone, or has ended.
    Dead,
    /// There is no such session.
    Missing,
    /// What would decide it could not be read; the reason says what.
    Unknown,
}

impl Condition {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Up, Self::Starting, Self::Stale, Self::Dead, Self::Missing, Self::Unknown];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Starting => "starting",
            Self::Stale => "stale",
            Self::Dead => "dead",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
