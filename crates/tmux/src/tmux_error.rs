//! The error of a call to tmux.

use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::SocketName;
use mosaic_process::BoundedError;

use crate::Version;

/// The error of a call to tmux.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// tmux is in no directory of `PATH`.
    #[error(
        "tmux is required: it is in no directory of PATH ({path}); install it (apt install tmux), or add its directory to PATH"
    )]
    NotInstalled {
        /// The search path.
        path: String,
    },
    /// tmux is too old.
    #[error("tmux {} or newer is required: {} is '{found}'", Version::OLDEST, .program.display())]
    TooOld {
        /// The tmux that was found.
        program: PathBuf,
        /// Its answer to `tmux -V`.
        found: String,
    },
    /// No server listens on the socket.
    #[error(
        "no tmux server answers on the socket {socket}: start the holder (systemctl --user start mosaic-tmux-holder)"
    )]
    NoServer {
        /// The server's socket.
        socket: SocketName,
    },
    /// The server did not answer in time.
    #[error("the tmux server on the socket {socket} did not answer within {} s: it hangs", .timeout.as_secs())]
    Timeout {
        /// The server's socket.
        socket: SocketName,
        /// The deadline of the call.
        timeout: Duration,
    },
    /// The program cannot be run.
    #[error("cannot run {}: {source}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: BoundedError,
    },
    /// The command failed, or its answer has an unexpected form.
    #[error("tmux {command} on the socket {socket}: {message}")]
    CommandFailed {
        /// The server's socket.
        socket: SocketName,
        /// The tmux command.
        command: &'static str,
        /// tmux's error message.
        message: String,
    },
}

impl TmuxError {
    /// Whether tmux or its server is not there, too old, or hangs. Otherwise a command failed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::NotInstalled { .. } | Self::TooOld { .. } | Self::NoServer { .. } | Self::Timeout { .. } => true,
            Self::Run { .. } | Self::CommandFailed { .. } => false,
        }
    }
}
