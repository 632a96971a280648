//! What an agent may say that it does.

use std::fmt;

/// What an agent is doing, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activity {
    /// It works.
    Working,
    /// A person is needed.
    Waiting,
    /// It has nothing to do.
    Idle,
    /// It cannot go on, and no person's answer would help.
    Blocked,
}

impl Activity {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Working, Self::Waiting, Self::Idle, Self::Blocked];

    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Blocked => "blocked",
        }
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
