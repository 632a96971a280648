//! Why a program was not brought up to date.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// An updater that did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpdateError {
    /// It could not be run.
    #[error("cannot run it: {0}")]
    Start(#[source] io::Error),
    /// It said so.
    #[error("it ended with {status}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },
    /// It hung.
    #[error("it had not ended after {} s, and was killed", .limit.as_secs_f32())]
    Deadline {
        /// How long it had.
        limit: Duration,
        /// What it printed.
        output: String,
    },
    /// Somebody did not want to wait for it.
    #[error("it was killed, as you asked twice")]
    Interrupted {
        /// What it printed.
        output: String,
    },
}

impl UpdateError {
    /// What the updater printed.
    pub(super) fn output(&self) -> &str {
        match self {
            Self::Start(_) => "",
            Self::Failed { output, .. } | Self::Deadline { output, .. } | Self::Interrupted { output } => output,
        }
    }
}
