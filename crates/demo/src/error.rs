//! Why there is no demo.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;
use mosaic_tmux::TmuxError;

use crate::agent_kind::AgentKind;

/// A demo that could not be given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// tmux is not there, or too old.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// The chosen runtime is not there.
    #[error("{} is in no directory of PATH: install it, or take --runtime stand-in", .0.name())]
    Runtime(AgentKind),
    /// A program of Mosaic Fleet is not there.
    #[error(
        "{} is not there: build it and start the demo with ./dev demo, or set MOSAIC_FLEET_BIN_DIR to where it is",
        .0.display()
    )]
    Program(PathBuf),
    /// Somebody else's demo runs under the same manager.
    #[error(
        "another demo is running under this user manager: end that one first. If there is none:\n  \
         systemctl --user stop 'mosaic-demo-*'; rm {}/mosaic-demo-*; systemctl --user daemon-reload",
        .0.display()
    )]
    Busy(PathBuf),
    /// An agent did not start.
    #[error("{agent} did not start: {why}")]
    Start {
        /// Which one.
        agent: String,
        /// What was said of it.
        why: String,
    },
    /// The shipped unit is not what the demo expects.
    #[error("the unit {unit} has no line '{line}' to change for the demo")]
    Unit {
        /// The unit.
        unit: &'static str,
        /// What was looked for.
        line: &'static str,
    },
    /// The user manager refused.
    #[error("systemctl --user {what}: {why}")]
    Manager {
        /// What it was asked to do.
        what: String,
        /// Its answer.
        why: String,
    },
    /// The guard could not be set, or ended before its time.
    #[error("the process that clears up afterwards did not start: {0}")]
    Guard(#[source] io::Error),
    /// A file or directory.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl DemoError {
    /// An error of the system, with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The exit code that says so.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Tmux(error) => error.exit_code(),
            Self::Runtime(_) | Self::Program(_) | Self::Manager { .. } => ExitCode::Unavailable,
            Self::Busy(_) => ExitCode::Busy,
            Self::Start { .. } => ExitCode::CheckFailed,
            Self::Unit { .. } => ExitCode::Bug,
            Self::Guard(_) | Self::Io { .. } => ExitCode::Io,
        }
    }
}
