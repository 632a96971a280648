//! The errors of the message and runtime libraries, and their exit codes.

use std::io;

use mosaic_delivery::spool::SpoolError;
use mosaic_delivery::{
    DeliveryError, InvalidPayload, KickstartError, MessageLookupError, ReceiptSummary, ReceiveError, RemoteError,
    ResetError, SendError,
};
use mosaic_exit_code::ExitCode;
use mosaic_runtimes::{LaunchError, ProfileError};

use crate::command::runtime::RuntimeError;
use crate::error::CommandError;

/// An error of a command that sends messages or launches a runtime.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentCommandError {
    /// A message cannot be delivered or stored.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// A message cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
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
    Receive(#[from] ReceiveError),
    /// The command line of a runtime is invalid.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A runtime cannot be launched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The profile of a runtime cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl AgentCommandError {
    /// Returns the exit code of the error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Delivery(error) => delivery_exit_code(error),
            Self::Send(error) | Self::Receive(ReceiveError::Send(error)) => send_exit_code(error),
            Self::Receive(ReceiveError::Output(error) | ReceiveError::Input(error)) => io_exit_code(error),
            Self::Remote(error) => remote_exit_code(error),
            Self::Launch(LaunchError::NotInstalled { .. }) => ExitCode::Unavailable,
            Self::Launch(LaunchError::Prompt { .. }) => ExitCode::Io,
            Self::Reset(ResetError::Kickstart {
                problem: KickstartError::Unknown(_) | KickstartError::Unpaired(_),
                ..
            }) => ExitCode::Configuration,
            Self::Payload(_)
            | Self::Lookup(_)
            | Self::Runtime(_)
            | Self::Reset(_)
            | Self::Receive(ReceiveError::Invalid(_))
            | Self::Launch(LaunchError::NoPromptForm { .. } | LaunchError::SkillMode { .. }) => ExitCode::Usage,
            Self::Profile(error) => profile_exit_code(error),
        }
    }
}

/// Returns the exit code for the outcomes of messages.
pub(super) fn receipts_exit_code(summary: ReceiptSummary) -> ExitCode {
    match summary {
        ReceiptSummary::Arrived => ExitCode::Ok,
        ReceiptSummary::NotSent => ExitCode::CheckFailed,
        ReceiptSummary::Unconfirmed => ExitCode::Unconfirmed,
    }
}

/// Returns the exit code of an error of the outbox.
pub(super) fn spool_exit_code(error: &SpoolError) -> ExitCode {
    match error {
        SpoolError::Io { source, .. } => io_exit_code(source),
        SpoolError::Malformed { .. } => ExitCode::Io,
    }
}

/// Returns the exit code of an error of a delivery.
pub(super) fn delivery_exit_code(error: &DeliveryError) -> ExitCode {
    match error {
        DeliveryError::Spool(error) => spool_exit_code(error),
        DeliveryError::Profile(error) => profile_exit_code(error),
        DeliveryError::Proc(_) => ExitCode::Io,
    }
}

fn send_exit_code(error: &SendError) -> ExitCode {
    match error {
        SendError::Delivery(error) => delivery_exit_code(error),
        SendError::Roster(_) => ExitCode::Configuration,
        SendError::Tmux(_) | SendError::NoPane { .. } => ExitCode::Unavailable,
        SendError::Payload(_)
        | SendError::Label(_)
        | SendError::InvalidAddressee(_)
        | SendError::UnknownAgent { .. }
        | SendError::EmptyClass { .. } => ExitCode::Usage,
        SendError::Busy { .. } => ExitCode::Busy,
        SendError::NotCancelable { .. } | SendError::NotRetryable { .. } | SendError::Removed { .. } => {
            ExitCode::CheckFailed
        }
    }
}

fn remote_exit_code(error: &RemoteError) -> ExitCode {
    match error {
        RemoteError::NoSsh { .. }
        | RemoteError::NotReached { .. }
        | RemoteError::NoMosaic { .. }
        | RemoteError::TooOld { .. } => ExitCode::Unavailable,
        RemoteError::Lost { .. } => ExitCode::Unconfirmed,
        RemoteError::Refused { code, .. } => {
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

fn profile_exit_code(error: &ProfileError) -> ExitCode {
    match error {
        ProfileError::Unreadable { source, .. } => io_exit_code(source),
        ProfileError::Invalid { .. } => ExitCode::Configuration,
    }
}

fn io_exit_code(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::PermissionDenied { ExitCode::Permission } else { ExitCode::Io }
}

impl From<SendError> for CommandError {
    /// Errors that other commands have, too, become the same error.
    fn from(error: SendError) -> Self {
        match error {
            SendError::Roster(error) => error.into(),
            SendError::Tmux(error) => error.into(),
            SendError::UnknownAgent { name, nearest } => Self::UnknownAgent { name, nearest },
            error => Self::Agent(error.into()),
        }
    }
}

impl From<ReceiveError> for CommandError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Send(error) => error.into(),
            error => Self::Agent(error.into()),
        }
    }
}

macro_rules! into_command_error {
    ($($source:ty),*) => {$(
        impl From<$source> for CommandError {
            fn from(error: $source) -> Self {
                Self::Agent(error.into())
            }
        }
    )*};
}

into_command_error!(
    DeliveryError,
    InvalidPayload,
    LaunchError,
    MessageLookupError,
    ProfileError,
    RemoteError,
    ResetError,
    RuntimeError
);

#[cfg(test)]
mod tests {
    use super::AgentCommandError;
    use mosaic_delivery::{KickstartError, ResetError, SendError};
    use mosaic_exit_code::ExitCode;
    use mosaic_runtimes::LaunchError;
    use std::time::Duration;

    #[test]
    fn an_invalid_template_is_a_configuration_error_and_a_missing_task_is_wrong_usage() {
        let agent = || "coder0".parse().unwrap();
        let code = |problem| AgentCommandError::from(ResetError::Kickstart { agent: agent(), problem }).exit_code();
        assert_eq!(code(KickstartError::Unknown("who".to_owned())), ExitCode::Configuration);
        assert_eq!(code(KickstartError::NoTask), ExitCode::Usage);
        let busy = SendError::Busy { agent: agent(), timeout: Duration::from_secs(5) };
        assert_eq!(AgentCommandError::from(busy).exit_code(), ExitCode::Busy);
    }

    #[test]
    fn an_unknown_skill_mode_is_wrong_usage() {
        let error = LaunchError::SkillMode { value: "none".to_owned() };
        assert_eq!(AgentCommandError::from(error).exit_code(), ExitCode::Usage);
    }
}
