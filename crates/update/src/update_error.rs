//! The errors that end an update before its report.

use std::io;
use std::path::PathBuf;

use mosaic_delivery::spool::SpoolError;
use mosaic_domain::{AgentName, Pid};
use mosaic_lifecycle::{LifecycleError, ObserveError};
use mosaic_provision::ProvisionError;
use mosaic_roster::{RosterError, suggestion};
use mosaic_runtimes::ProfileError;
use mosaic_tmux::TmuxError;

/// An update that could not begin, or whose state could not be recorded. The failures of single programs
/// and agents are in the [`UpdateReport`](crate::UpdateReport) instead.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The roster cannot be used.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A name is neither a runtime nor an agent.
    #[error("'{}' is neither a runtime nor an agent of the roster{}", .name.escape_debug(), suggestion(.nearest))]
    UnknownName {
        /// The name as it was typed.
        name: String,
        /// Runtimes and agents with similar names.
        nearest: Vec<String>,
    },
    /// The program of a runtime is not installed.
    #[error(
        "cannot find {program} in PATH ({path}): install it{}, or add its directory to PATH",
        .install.as_ref().map(|install| format!(" with '{install}'")).unwrap_or_default()
    )]
    NotInstalled {
        /// The program.
        program: String,
        /// The directories that were searched, as in `PATH`.
        path: String,
        /// The command that installs it.
        install: Option<String>,
    },
    /// Another update runs.
    #[error(
        "another 'mosaic fleet update' is running{}: try again when it has finished",
        .pid.map(|pid| format!(" (PID {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The process that holds the lock, if it has written its PID.
        pid: Option<Pid>,
    },
    /// A file, a directory or a signal handler.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// The failed action, such as `read`.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The record of this update cannot be written.
    #[error(transparent)]
    Record(#[from] ProvisionError),
    /// The state of an agent cannot be determined.
    #[error("cannot determine whether {agent} runs: {reason}")]
    AgentState {
        /// The agent.
        agent: AgentName,
        /// The cause.
        reason: String,
    },
    /// Agents cannot be restarted.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The fleet cannot be observed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// tmux is not installed, or failed.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// Messages to an agent cannot be held back.
    #[error(transparent)]
    Outbox(#[from] SpoolError),
    /// The profile of a runtime cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl UpdateError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }
}
