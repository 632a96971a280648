//! Why another host did not do it.

use std::io;

use mosaic_domain::ExitCode;

/// A message that did not get to another host's `mosaic`, or of which nothing was heard again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    /// There is no ssh.
    #[error("cannot run {program}: {source}; install an SSH client, or set MOSAIC_SSH to one")]
    NoSsh {
        /// What was to be run.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The host was not reached.
    #[error("{host} was not reached, and nothing was sent to it{}", behind(.said))]
    NotReached {
        /// The host.
        host: String,
        /// What ssh said.
        said: String,
    },
    /// It has no mosaic.
    #[error(
        "there is no mosaic on {host}, so nothing was sent: install it there (mosaic fleet install), in ~/.local/bin or on the PATH of its shell{}",
        behind(.said)
    )]
    NoMosaic {
        /// The host.
        host: String,
        /// What was said.
        said: String,
    },
    /// Its mosaic does not know how to receive messages.
    #[error("the mosaic on {host} cannot receive messages: install this version there{}", behind(.said))]
    TooOld {
        /// The host.
        host: String,
        /// What was said.
        said: String,
    },
    /// It has refused as a whole.
    #[error("{host} did not do it{}", behind(.said))]
    Refused {
        /// The host.
        host: String,
        /// Its own word.
        said: String,
        /// Its exit code.
        code: i32,
    },
    /// It was told, and then nothing was heard of it.
    #[error("{host} was told the message, and did not say what became of it: look there before you send it again{}", behind(.said))]
    Lost {
        /// The host.
        host: String,
        /// What was said.
        said: String,
    },
}

impl RemoteError {
    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoSsh { .. } | Self::NotReached { .. } | Self::NoMosaic { .. } | Self::TooOld { .. } => {
                ExitCode::Unavailable
            }
            Self::Lost { .. } => ExitCode::Unconfirmed,
            Self::Refused { code, .. } => {
                let known = [
                    ExitCode::CheckFailed,
                    ExitCode::Usage,
                    ExitCode::Io,
                    ExitCode::Busy,
                    ExitCode::Permission,
                    ExitCode::Configuration,
                ];
                known.into_iter().find(|known| *known as i32 == *code).unwrap_or(ExitCode::Unavailable)
            }
        }
    }
}

fn behind(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
