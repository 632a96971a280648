//! Why tmux did not do it.

use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::{ExitCode, SocketName};
use mosaic_process::BoundedError;

use crate::Version;

/// A call to tmux that had no success.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// No tmux in any directory of `PATH`.
    #[error(
        "tmux is required: it is in no directory of PATH ({path}); install it (apt install tmux), or add its directory to PATH"
    )]
    NotInstalled {
        /// The search path.
        path: String,
    },
    /// It is too old.
    #[error("tmux {} or newer is required: {} is '{found}'", Version::OLDEST, .program.display())]
    TooOld {
        /// The tmux that was found.
        program: PathBuf,
        /// What it says of itself.
        found: String,
    },
    /// Nobody listens at the socket.
    #[error(
        "no tmux server answers on the socket {socket}: start the holder (systemctl --user start mosaic-tmux-holder)"
    )]
    NoServer {
        /// The server's socket.
        socket: SocketName,
    },
    /// The server did not answer in time.
    #[error("the tmux server on the socket {socket} did not answer within {} s: it hangs", .limit.as_secs())]
    Hung {
        /// The server's socket.
        socket: SocketName,
        /// How long was waited.
        limit: Duration,
    },
    /// The program could not be run.
    #[error("cannot run {}: {source}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: BoundedError,
    },
    /// tmux refused, or answered with something else than was asked for.
    #[error("tmux {command} on the socket {socket}: {message}")]
    Refused {
        /// The server's socket.
        socket: SocketName,
        /// Which of tmux's commands.
        command: &'static str,
        /// What it said.
        message: String,
    },
}

impl TmuxError {
    /// The exit code of a program that ends because of this.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotInstalled { .. } | Self::TooOld { .. } | Self::NoServer { .. } | Self::Hung { .. } => {
                ExitCode::Unavailable
            }
            Self::Run { .. } | Self::Refused { .. } => ExitCode::Io,
        }
    }
}
