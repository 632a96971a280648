//! The error of a start.

use std::io;
use std::path::PathBuf;

use mosaic_domain::{AgentName, Pid, SocketName};
use mosaic_heartbeat::RunDirectoryError;
use mosaic_tmux::{SocketError, TmuxError};

use crate::agent_env_file::EnvFileError;
use crate::handshake::HandshakeError;
use crate::launch_settings::SettingsError;

/// The reason why an agent was not started. Everything that the start made has been removed, except after [`Output`].
///
/// [`Output`]: Self::Output
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are invalid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The agent's env file cannot be used.
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
    /// A call to tmux failed.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// The tmux server runs, and its socket was removed and cannot be opened again.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The run directory cannot be used.
    #[error("{0}; make it writable, or set MOSAIC_HEARTBEAT_RUN_DIR to a directory that is")]
    RunDirectory(#[from] RunDirectoryError),
    /// The working directory cannot be made or entered.
    #[error("cannot make the working directory {}: {source}; change MOSAIC_AGENT_WORKDIR", .path.display())]
    WorkingDirectory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another start of the agent does not end.
    #[error(
        "another start of {agent} has been in progress for {seconds} s; find the process that holds {}",
        .lock.display()
    )]
    StartInProgress {
        /// The agent.
        agent: AgentName,
        /// How long this start waited.
        seconds: u64,
        /// The path of the lock file.
        lock: PathBuf,
    },
    /// The agent runs in a systemd unit.
    #[error(
        "{agent} is run by its systemd unit (process {sidecar}): use systemctl --user restart mosaic-agent@{agent}"
    )]
    OwnedByUnit {
        /// The agent.
        agent: AgentName,
        /// The unit's main process.
        sidecar: Pid,
    },
    /// The previous sidecar was asked to exit and did not.
    #[error("process {sidecar} watches {agent} and did not exit within {seconds} s")]
    SidecarStayed {
        /// The agent.
        agent: AgentName,
        /// The previous sidecar.
        sidecar: Pid,
        /// How long this start waited.
        seconds: u64,
    },
    /// The session repeatedly appears and disappears.
    #[error("the session {agent} on the socket {socket} keeps changing: another process makes and removes it")]
    SessionUnstable {
        /// The agent.
        agent: AgentName,
        /// The tmux server's socket.
        socket: SocketName,
    },
    /// A program of this package is missing.
    #[error("{} is missing; it belongs beside start-agent-session, so install them together", .program.display())]
    NotInstalled {
        /// The program.
        program: PathBuf,
    },
    /// The pane process did not become the agent's command.
    #[error("{agent}: {source}")]
    Handshake {
        /// The agent.
        agent: AgentName,
        /// The cause.
        source: HandshakeError,
    },
    /// The command ended before the start was complete.
    #[error("{agent}: the command ended at once, {how}: {command}")]
    EndedAtOnce {
        /// The agent.
        agent: AgentName,
        /// How it ended, such as "exited with code 7".
        how: String,
        /// The command.
        command: String,
    },
    /// Another sidecar watches the agent.
    #[error("{agent}: the sidecar {}: {reason}", .program.display())]
    SidecarBusy {
        /// The agent.
        agent: AgentName,
        /// The sidecar program.
        program: PathBuf,
        /// The error of the sidecar.
        reason: String,
    },
    /// The sidecar did not start.
    #[error("{agent}: the sidecar {}: {reason}", .program.display())]
    SidecarFailed {
        /// The agent.
        agent: AgentName,
        /// The sidecar program.
        program: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The result cannot be printed. The agent runs.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A system call failed.
    #[error("{what}: {source}")]
    System {
        /// The failed action.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
}

impl StartError {
    /// Returns whether the start failed only because another process starts or watches the agent, or because the
    /// result cannot be printed.
    pub(super) fn is_about_another_process(&self) -> bool {
        matches!(
            self,
            Self::StartInProgress { .. }
                | Self::OwnedByUnit { .. }
                | Self::SidecarStayed { .. }
                | Self::SidecarBusy { .. }
                | Self::Output(_)
        )
    }

    pub(super) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
