//! What a heartbeat says of its agent.

use std::fmt;

/// The third line of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The pane process was alive.
    Ok,
    /// The pane process ended by itself, or was killed.
    Exited,
    /// The agent was stopped on request.
    Stopped,
    /// The tmux server went away, or the session was taken from under the agent.
    Lost,
}

impl Status {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Exited, Self::Stopped, Self::Lost];

    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exited => "exited",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
