//! How a job of the manager's ended.

use std::fmt;

/// The end of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// What was asked for is so.
    Done,
    /// The unit did not do it.
    Failed,
    /// Another job took its place.
    Canceled,
    /// The manager gave it up after the unit's own time limit.
    Timeout,
    /// A unit that this one needs did not come up.
    Dependency,
    /// It did not apply to the unit's state, or a condition kept the unit from starting.
    Skipped,
    /// The manager would not or could not do it; why, in its words.
    Invalid(String),
    /// There is no such unit; the manager's words.
    NoSuchUnit(String),
    /// It was still under way when we stopped waiting.
    TimedOutWaiting,
}

impl JobOutcome {
    /// From the last argument of the signal `JobRemoved` (`org.freedesktop.systemd1(5)`).
    pub(crate) fn of_result(result: &str) -> Self {
        match result {
            "done" => Self::Done,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            "dependency" => Self::Dependency,
            "skipped" => Self::Skipped,
            // `assert`, `unsupported`, `collected`, `once`, `frozen`, `concurrency`: rare, and
            // nothing that anybody could act on differently.
            other => Self::Invalid(format!("the job ended as '{other}'")),
        }
    }
}

impl fmt::Display for JobOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
            Self::Canceled => f.write_str("canceled by another job"),
            Self::Timeout => f.write_str("timed out"),
            Self::Dependency => f.write_str("a unit that it needs failed"),
            Self::Skipped => f.write_str("skipped"),
            Self::Invalid(message) | Self::NoSuchUnit(message) => f.write_str(message),
            Self::TimedOutWaiting => f.write_str("still under way"),
        }
    }
}
