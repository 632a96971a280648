//! What an agent says of itself: `<agent>.state`, beside its heartbeat.
//!
//! It is the third clock, the agent's own; it never makes an agent alive.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use jiff::Timestamp;
use rustix::fd::AsFd;
use rustix::fs::CWD;
use rustix::path::Arg;

use crate::key_values::KeyValues;
use crate::reader::read_text;
use crate::{MalformedHeartbeat, UnreadableHeartbeat};

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

/// One report of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityReport {
    /// Since when it is so, by the wall clock.
    pub since: Timestamp,
    /// What it does.
    pub activity: Activity,
    /// For what it waits, or what blocks it.
    pub reason: Option<String>,
    /// The model that it uses.
    pub model: Option<String>,
    /// What it works on.
    pub task: Option<String>,
    /// The message that it took last.
    pub message_id: Option<String>,
}

impl FromStr for ActivityReport {
    type Err = MalformedHeartbeat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.ends_with('\n') {
            return Err(MalformedHeartbeat::CutShort);
        }
        let lines = KeyValues(text);
        let said = |key| Ok(lines.find(key)?.filter(|value| !value.is_empty()).map(str::to_owned));
        Ok(Self {
            since: lines.with("ts", |value| value.parse::<Timestamp>().ok())?,
            activity: lines
                .with("activity", |value| Activity::ALL.into_iter().find(|activity| activity.as_str() == value))?,
            reason: said("reason")?,
            model: said("model")?,
            task: said("task")?,
            message_id: said("message_id")?,
        })
    }
}

/// Reads a report; `None` if the agent made none.
///
/// # Errors
/// There is one that cannot be understood.
pub fn read_activity(path: &Path) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    read_activity_in(CWD, path)
}

/// The same, of a file below a directory.
///
/// # Errors
/// As [`read_activity`].
pub fn read_activity_in(directory: impl AsFd, file: impl Arg) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    match read_text(directory, file)? {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, ActivityReport};

    #[test]
    fn a_report_is_read_and_nonsense_is_not() {
        let text = "ts=2026-11-20T14:58:08+00:00\nboot=x\nmono=1.0\nactivity=waiting\nreason=permission: Bash\ntask=\n";
        let report: ActivityReport = text.parse().unwrap();
        assert_eq!((report.activity, report.reason.as_deref()), (Activity::Waiting, Some("permission: Bash")));
        assert_eq!((report.model, report.task), (None, None));
        for text in ["", "activity=idle\n", "ts=2026-11-20T14:58:08Z\nactivity=asleep\n", "ts=now\nactivity=idle\n"] {
            assert!(text.parse::<ActivityReport>().is_err(), "{text}");
        }
    }
}
