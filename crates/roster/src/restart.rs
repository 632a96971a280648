//! When systemd starts an agent again.

use std::fmt;
use std::str::FromStr;

/// When systemd starts an agent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, schemars::JsonSchema)]
#[schemars(rename_all = "kebab-case", inline)]
pub enum Restart {
    /// When it failed: an exit code other than 0, a signal, a sidecar that hangs. As the unit has it.
    #[default]
    OnFailure,
    /// However it ended, unless it was stopped.
    Always,
    /// Never.
    No,
}

/// A text that says no such thing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a restart policy: it is on-failure, always or no", .given.escape_debug())]
pub struct InvalidRestart {
    given: String,
}

impl Restart {
    /// As the roster and systemd write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnFailure => "on-failure",
            Self::Always => "always",
            Self::No => "no",
        }
    }
}

impl FromStr for Restart {
    type Err = InvalidRestart;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        [Self::OnFailure, Self::Always, Self::No]
            .into_iter()
            .find(|policy| policy.as_str() == given)
            .ok_or_else(|| InvalidRestart { given: given.to_owned() })
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
