//! Why a command did not do it.

use std::io;
use std::path::PathBuf;

use mosaic_domain::{AgentName, ExitCode, NoHome, SocketName};
use mosaic_probe::BadVariable;
use mosaic_provision::ProvisionError;
use mosaic_roster::{EditError, RosterError};
use mosaic_systemd::ManagerError;
use mosaic_tmux::TmuxError;

use crate::command::agent::AgentCommandError;
use crate::prometheus::PrometheusError;

/// A command that had no success. The text is the whole message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The roster cannot be used.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster cannot be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The user manager did not do it.
    #[error(transparent)]
    Manager(#[from] ManagerError),
    /// tmux did not do it.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// What is installed was not changed, or not wholly.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// An agent that is to be added is another one in the roster.
    #[error("agent {agent} is in the roster already, and its {differing}: change {} by hand", .path.display())]
    Differs {
        /// The agent.
        agent: AgentName,
        /// The roster.
        path: PathBuf,
        /// What is otherwise.
        differing: String,
    },
    /// A Prometheus did not tell.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// Nothing says where the fleet lives.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// A variable of the environment.
    #[error(transparent)]
    Variable(#[from] BadVariable),
    /// A file, a directory or a descriptor.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// What was to be done with it.
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An agent that the roster does not have.
    #[error("there is no agent '{name}' in the roster{}", did_you_mean(.nearest))]
    UnknownAgent {
        /// As it was typed.
        name: AgentName,
        /// The names most like it.
        nearest: Vec<String>,
    },
    /// An agent that has no session.
    #[error("{agent} has no session on the socket {socket}: start it with 'mosaic fleet start {agent}'")]
    NoSession {
        /// The agent.
        agent: AgentName,
        /// The fleet's socket.
        socket: SocketName,
    },
    /// A command for people, without a terminal.
    #[error("{what} needs a terminal: {instead}")]
    NoTerminal {
        /// The command.
        what: &'static str,
        /// What does without.
        instead: String,
    },
    /// A message cannot be sent, or a runtime cannot be launched.
    #[error(transparent)]
    Agent(AgentCommandError),
    /// The words do not go together.
    #[error("{0}")]
    Usage(String),
    /// Somebody else is at it.
    #[error("{0}")]
    Busy(String),
    /// It is not done, for the reason given.
    #[error("{0}")]
    Refused(String),
}

impl CommandError {
    /// What could not be done with a file.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { what, path: path.into(), source }
    }

    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Roster(error) => error.exit_code(),
            Self::Edit(error) => error.exit_code(),
            Self::Manager(error) => error.exit_code(),
            Self::Tmux(error) => error.exit_code(),
            Self::Provision(error) => error.exit_code(),
            Self::Prometheus(error) => error.exit_code(),
            Self::NoHome(_) | Self::Variable(_) => ExitCode::Configuration,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Io { .. } => ExitCode::Io,
            Self::Agent(error) => error.exit_code(),
            Self::UnknownAgent { .. } | Self::NoTerminal { .. } | Self::Differs { .. } | Self::Usage(_) => {
                ExitCode::Usage
            }
            Self::NoSession { .. } => ExitCode::Unavailable,
            Self::Busy(_) => ExitCode::Busy,
            Self::Refused(_) => ExitCode::CheckFailed,
        }
    }
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => "; 'mosaic agent roster' lists them".to_owned(),
        [one] => format!("; did you mean {one}?"),
        [all @ .., last] => format!("; did you mean {} or {last}?", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandError, did_you_mean};
    use mosaic_domain::ExitCode;
    use std::io;

    #[test]
    fn an_unknown_agent_is_wrong_usage_and_told_with_the_nearest() {
        let nearest = ["coder0".to_owned(), "coder1".to_owned()].to_vec();
        let error = CommandError::UnknownAgent { name: "codr0".parse().unwrap(), nearest };
        assert_eq!(error.to_string(), "there is no agent 'codr0' in the roster; did you mean coder0 or coder1?");
        assert_eq!(error.exit_code(), ExitCode::Usage);
        assert!(did_you_mean(&[]).contains("mosaic agent roster"));
    }

    #[test]
    fn what_may_not_be_touched_has_a_code_of_its_own() {
        let code = |kind| CommandError::io("read", "/x", io::Error::from(kind)).exit_code();
        assert_eq!(code(io::ErrorKind::PermissionDenied), ExitCode::Permission);
        assert_eq!(code(io::ErrorKind::StorageFull), ExitCode::Io);
    }
}
