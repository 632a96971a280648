//! Why an agent was not started.

use std::io;
use std::path::PathBuf;

use mosaic_domain::{AgentName, ExitCode, Pid, SocketName};
use mosaic_heartbeat::RunDirectoryError;
use mosaic_tmux::TmuxError;

use super::RequestError;
use crate::gate::GateError;

/// An agent that was not started, and why. What was made on the way is removed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The request makes no sense.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// tmux would not.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// No place for heartbeats.
    #[error("{0}; make it writable, or set MOSAIC_HEARTBEAT_RUN_DIR to a directory that is")]
    RunDirectory(#[from] RunDirectoryError),
    /// No place to work.
    #[error("cannot make the working directory {}: {source}; change MOSAIC_AGENT_WORKDIR", .path.display())]
    WorkingDirectory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another start of the agent does not come to its end.
    #[error("another start of {agent} has been under way for {seconds} s; see who holds {}", .lock.display())]
    Starting {
        /// The agent.
        agent: AgentName,
        /// How long was waited.
        seconds: u64,
        /// The lock's file.
        lock: PathBuf,
    },
    /// systemd watches it.
    #[error(
        "{agent} is run by its systemd unit (process {sidecar}): use systemctl --user restart mosaic-agent@{agent}"
    )]
    OfAUnit {
        /// The agent.
        agent: AgentName,
        /// The unit's main process.
        sidecar: Pid,
    },
    /// A sidecar was asked to go and did not.
    #[error("process {sidecar} watches {agent} and did not give way within {seconds} s")]
    Watched {
        /// The agent.
        agent: AgentName,
        /// The other sidecar.
        sidecar: Pid,
        /// How long was waited.
        seconds: u64,
    },
    /// The session comes and goes.
    #[error("the session {agent} on the socket {socket} does not stay as it is: somebody else makes and removes it")]
    Unsteady {
        /// The agent.
        agent: AgentName,
        /// The tmux server's socket.
        socket: SocketName,
    },
    /// A program of this package is missing.
    #[error("{} is not there; it belongs beside start-agent-session, so install them together", .program.display())]
    NotInstalled {
        /// The program.
        program: PathBuf,
    },
    /// The pane process did not become the command.
    #[error("{agent}: {source}")]
    Gate {
        /// The agent.
        agent: AgentName,
        /// What happened.
        source: GateError,
    },
    /// The command ended before the start was over.
    #[error("{agent}: the command ended at once, {how}: {command}")]
    EndedAtOnce {
        /// The agent.
        agent: AgentName,
        /// With which verdict.
        how: String,
        /// The command.
        command: String,
    },
    /// The sidecar did not come up.
    #[error("{agent}: the sidecar {}: {why}", .program.display())]
    Sidecar {
        /// The agent.
        agent: AgentName,
        /// The program.
        program: PathBuf,
        /// What happened.
        why: String,
        /// Another sidecar watches the agent.
        busy: bool,
    },
    /// Something of the system did not work.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl StartError {
    /// The exit code that tells a script what happened.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Request(error) => error.exit_code(),
            Self::Tmux(error) => error.exit_code(),
            Self::RunDirectory(RunDirectoryError { source, .. })
            | Self::WorkingDirectory { source, .. }
            | Self::System { source, .. } => of_io(source),
            Self::Starting { .. }
            | Self::OfAUnit { .. }
            | Self::Watched { .. }
            | Self::Unsteady { .. }
            | Self::Sidecar { busy: true, .. } => ExitCode::Busy,
            Self::NotInstalled { .. } => ExitCode::Unavailable,
            Self::EndedAtOnce { .. } => ExitCode::CheckFailed,
            Self::Gate { .. } => ExitCode::Io,
            Self::Sidecar { busy: false, .. } => ExitCode::Bug,
        }
    }

    pub(super) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

fn of_io(error: &io::Error) -> ExitCode {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ExitCode::Permission,
        _ => ExitCode::Io,
    }
}
