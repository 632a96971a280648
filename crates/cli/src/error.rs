//! The error of a command. Its text is the whole message that a person reads.

use std::io;
use std::path::PathBuf;

use mosaic_delivery::{
    DeliveryError, InvalidPayload, MessageLookupError, ReceiveError, RemoteError, ResetError, SendError,
};
use mosaic_domain::{AgentName, NoHome, SocketName};
use mosaic_lifecycle::{LifecycleError, ObserveError};
use mosaic_probe::BadVariable;
use mosaic_prometheus::PrometheusError;
use mosaic_provision::ProvisionError;
use mosaic_roster::{EditError, RosterError, suggestion};
use mosaic_runtimes::{LaunchError, ProfileError};
use mosaic_systemd::ManagerError;
use mosaic_tmux::TmuxError;
use mosaic_update::UpdateError;

use crate::command::runtime::RuntimeError;

/// Why a command failed. [`exit_code`](crate::exit_code) maps it to an exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The roster cannot be used.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The user manager failed.
    #[error(transparent)]
    Manager(#[from] ManagerError),
    /// tmux failed.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// An installation or removal failed, possibly after some of its steps.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// Agents cannot be started or stopped.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The fleet cannot be observed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Programs cannot be updated.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// The roster has an agent of this name with other properties.
    #[error("agent {agent} is already in the roster, and its {differing}: edit {} to change it", .path.display())]
    Differs {
        /// The agent.
        agent: AgentName,
        /// The roster.
        path: PathBuf,
        /// The properties of the agent in the roster.
        differing: String,
    },
    /// A query to Prometheus failed.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// The fleet's home cannot be determined.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// An environment variable has an invalid value.
    #[error(transparent)]
    Variable(#[from] BadVariable),
    /// A file, a directory or a descriptor.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// The failed action, such as `read`.
        action: &'static str,
        /// The path, or the name of the descriptor.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The roster does not list the agent.
    #[error("there is no agent '{name}' in the roster{}", suggest_agents(.nearest))]
    UnknownAgent {
        /// The name as it was typed.
        name: AgentName,
        /// Similar names in the roster.
        nearest: Vec<String>,
    },
    /// The agent has no tmux session.
    #[error("{agent} has no session on the socket {socket}: start it with 'mosaic fleet start {agent}'")]
    NoSession {
        /// The agent.
        agent: AgentName,
        /// The fleet's socket.
        socket: SocketName,
    },
    /// An interactive command was run without a terminal.
    #[error("{what} needs a terminal: {instead}")]
    NoTerminal {
        /// The command.
        what: &'static str,
        /// A command that needs no terminal.
        instead: String,
    },
    /// A message cannot be delivered or stored.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// A message cannot be sent.
    #[error(transparent)]
    Send(SendError),
    /// The text cannot be a message.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
    /// A name does not name a message.
    #[error(transparent)]
    Lookup(#[from] MessageLookupError),
    /// A reset cannot be planned.
    #[error(transparent)]
    Reset(#[from] ResetError),
    /// Another host cannot be reached, or rejects the message.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A message of another host cannot be received.
    #[error(transparent)]
    Receive(ReceiveError),
    /// The command line of a runtime is invalid.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A runtime cannot be launched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The profile of a runtime cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Arguments contradict each other.
    #[error("{0}")]
    Usage(String),
    /// The command was not carried out, for this reason.
    #[error("{0}")]
    Refused(String),
}

impl CommandError {
    /// A failed action on a file, such as `read`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }
}

impl From<SendError> for CommandError {
    /// Errors that other commands have, too, become the same error.
    fn from(error: SendError) -> Self {
        match error {
            SendError::Roster(error) => error.into(),
            SendError::Tmux(error) => error.into(),
            SendError::UnknownAgent { name, nearest } => Self::UnknownAgent { name, nearest },
            error => Self::Send(error),
        }
    }
}

impl From<ReceiveError> for CommandError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Send(error) => error.into(),
            error => Self::Receive(error),
        }
    }
}

fn suggest_agents(nearest: &[String]) -> String {
    if nearest.is_empty() { "; 'mosaic agent roster' lists them".to_owned() } else { suggestion(nearest) }
}
