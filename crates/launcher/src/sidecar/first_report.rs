//! The first word of a detached sidecar to the launcher that waits for it.

use std::fmt;

/// How the start went: one line on the sidecar's standard output, which it then closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstReport {
    /// The command runs, and its first heartbeat is written.
    Ready,
    /// The command ended at once, with this verdict. The pane's last lines follow.
    Ended(String),
    /// The sidecar cannot do its work.
    Failed(String),
}

impl FirstReport {
    /// Reads the line.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ready", _) => Self::Ready,
            ("ended", how) => Self::Ended(how.to_owned()),
            ("failed", why) => Self::Failed(why.to_owned()),
            _ => Self::Failed(format!("it says '{}'", line.escape_debug())),
        }
    }
}

impl fmt::Display for FirstReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Ended(how) => write!(f, "ended {how}"),
            Self::Failed(why) => write!(f, "failed {}", why.replace('\n', " ")),
        }
    }
}
