//! Maps every error of a command to an exit code. Libraries know errors, only this binary knows exit codes.

use mosaic_delivery::spool::SpoolError;
use mosaic_delivery::{
    DeliveryError, KickstartError, ReceiptSummary, ReceiveError, RemoteError, ResetError, SendError,
};
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleError, ObserveError};
use mosaic_prometheus::PrometheusError;
use mosaic_provision::ProvisionError;
use mosaic_roster::{EditError, RosterError};
use mosaic_runtimes::{LaunchError, ProfileError};
use mosaic_systemd::ManagerError;
use mosaic_tmux::TmuxError;
use mosaic_update::UpdateError;

use crate::error::CommandError;

impl CommandError {
    /// The exit code for this error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Roster(error) => roster_exit_code(error),
            Self::Edit(error) => edit_exit_code(error),
            Self::Manager(error) => manager_exit_code(error),
            Self::Tmux(error) => tmux_exit_code(error),
            Self::Provision(error) => provision_exit_code(error),
            Self::Lifecycle(error) => lifecycle_exit_code(error),
            Self::Observe(error) => observe_exit_code(error),
            Self::Update(error) => update_exit_code(error),
            Self::Prometheus(error) => prometheus_exit_code(error),
            Self::Delivery(error) => delivery_exit_code(error),
            Self::Send(error) | Self::Receive(ReceiveError::Send(error)) => send_exit_code(error),
            Self::Receive(ReceiveError::Output(error) | ReceiveError::Input(error)) => ExitCode::from_io(error),
            Self::Remote(error) => remote_exit_code(error),
            Self::Reset(error) => reset_exit_code(error),
            Self::Launch(error) => launch_exit_code(error),
            Self::Profile(error) => profile_exit_code(error),
            Self::Io { source, .. } => ExitCode::from_io(source),
            Self::NoHome(_) | Self::Variable(_) => ExitCode::Configuration,
            Self::Payload(_)
            | Self::Lookup(_)
            | Self::Receive(ReceiveError::Invalid(_))
            | Self::Runtime(_)
            | Self::UnknownAgent { .. }
            | Self::NoTerminal { .. }
            | Self::Differs { .. }
            | Self::Usage(_) => ExitCode::Usage,
            Self::NoSession { .. } => ExitCode::Unavailable,
            Self::Refused(_) => ExitCode::CheckFailed,
        }
    }
}

fn roster_exit_code(error: &RosterError) -> ExitCode {
    match error {
        RosterError::NotFound { .. } | RosterError::Invalid(_) => ExitCode::Configuration,
        RosterError::Unreadable { source, .. } => ExitCode::from_io(source),
    }
}

fn edit_exit_code(error: &EditError) -> ExitCode {
    match error {
        EditError::Roster(error) => roster_exit_code(error),
        EditError::AgentExists { .. } | EditError::AgentNotFound { .. } => ExitCode::Usage,
        EditError::Orchestrators { .. } | EditError::InvalidResult { .. } | EditError::UnsupportedStyle { .. } => {
            ExitCode::Configuration
        }
    }
}

fn manager_exit_code(error: &ManagerError) -> ExitCode {
    match error {
        ManagerError::Absent { .. } | ManagerError::Unreachable { .. } | ManagerError::Deadline { .. } => {
            ExitCode::Unavailable
        }
        ManagerError::Refused { .. } => ExitCode::CheckFailed,
    }
}

fn tmux_exit_code(error: &TmuxError) -> ExitCode {
    if error.is_unavailable() { ExitCode::Unavailable } else { ExitCode::Io }
}

fn provision_exit_code(error: &ProvisionError) -> ExitCode {
    match error {
        ProvisionError::File { source, .. } => ExitCode::from_io(source),
        ProvisionError::DirectoryNotFound { .. } => ExitCode::Io,
        ProvisionError::Manager { source, .. } => manager_exit_code(source),
        ProvisionError::Stop { .. } => ExitCode::CheckFailed,
        ProvisionError::LockHeld { .. } | ProvisionError::RunDirectoryInUse { .. } => ExitCode::Busy,
        ProvisionError::MissingPrograms { .. } => ExitCode::Unavailable,
        ProvisionError::InvalidHome { .. } | ProvisionError::NotUtf8(_) | ProvisionError::Manifest { .. } => {
            ExitCode::Configuration
        }
    }
}

fn observe_exit_code(error: &ObserveError) -> ExitCode {
    match error {
        ObserveError::Variable(_) => ExitCode::Configuration,
        ObserveError::Proc(source) => ExitCode::from_io(source),
    }
}

fn lifecycle_exit_code(error: &LifecycleError) -> ExitCode {
    match error {
        LifecycleError::Manager(error) => manager_exit_code(error),
        LifecycleError::Tmux(error) => tmux_exit_code(error),
        LifecycleError::Roster(error) => roster_exit_code(error),
        LifecycleError::Observe(error) => observe_exit_code(error),
    }
}

fn update_exit_code(error: &UpdateError) -> ExitCode {
    match error {
        UpdateError::Roster(error) => roster_exit_code(error),
        UpdateError::UnknownName { .. } => ExitCode::Usage,
        UpdateError::NotInstalled { .. } => ExitCode::Unavailable,
        UpdateError::Locked { .. } => ExitCode::Busy,
        UpdateError::Io { source, .. } => ExitCode::from_io(source),
        UpdateError::Record(error) => provision_exit_code(error),
        UpdateError::AgentState { .. } => ExitCode::CheckFailed,
        UpdateError::Lifecycle(error) => lifecycle_exit_code(error),
        UpdateError::Observe(error) => observe_exit_code(error),
        UpdateError::Tmux(error) => tmux_exit_code(error),
        UpdateError::Outbox(error) => spool_exit_code(error),
        UpdateError::Profile(error) => profile_exit_code(error),
    }
}

/// Returns the exit code of an error of the outbox.
pub(crate) fn spool_exit_code(error: &SpoolError) -> ExitCode {
    match error {
        SpoolError::Io { source, .. } => ExitCode::from_io(source),
        SpoolError::Malformed { .. } => ExitCode::Io,
        SpoolError::NotWaiting(_) => ExitCode::Busy,
    }
}

fn profile_exit_code(error: &ProfileError) -> ExitCode {
    match error {
        ProfileError::Unreadable { source, .. } => ExitCode::from_io(source),
        ProfileError::Invalid { .. } => ExitCode::Configuration,
    }
}

/// Returns the exit code for the outcomes of messages.
pub(crate) fn receipts_exit_code(summary: ReceiptSummary) -> ExitCode {
    match summary {
        ReceiptSummary::Arrived => ExitCode::Ok,
        ReceiptSummary::NotSent => ExitCode::CheckFailed,
        ReceiptSummary::Unconfirmed => ExitCode::Unconfirmed,
    }
}

/// Returns the exit code of an error of a delivery.
pub(crate) fn delivery_exit_code(error: &DeliveryError) -> ExitCode {
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

fn reset_exit_code(error: &ResetError) -> ExitCode {
    match error {
        ResetError::Kickstart { problem: KickstartError::Unknown(_) | KickstartError::Unpaired(_), .. } => {
            ExitCode::Configuration
        }
        ResetError::Kickstart { .. }
        | ResetError::NoTemplate { .. }
        | ResetError::Label(_)
        | ResetError::Payload(_) => ExitCode::Usage,
    }
}

fn launch_exit_code(error: &LaunchError) -> ExitCode {
    match error {
        LaunchError::NotInstalled { .. } | LaunchError::NodeTooOld { .. } => ExitCode::Unavailable,
        LaunchError::Prompt { .. } => ExitCode::Io,
        LaunchError::NoPromptForm { .. } | LaunchError::SkillMode { .. } => ExitCode::Usage,
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

fn prometheus_exit_code(error: &PrometheusError) -> ExitCode {
    match error {
        PrometheusError::MissingUrl | PrometheusError::InvalidUrl { .. } => ExitCode::Usage,
        PrometheusError::InvalidVariable { .. } => ExitCode::Configuration,
        PrometheusError::Unauthorized { .. } => ExitCode::Permission,
        PrometheusError::NoCertificates { .. }
        | PrometheusError::Unreachable { .. }
        | PrometheusError::Untrusted { .. }
        | PrometheusError::Timeout { .. }
        | PrometheusError::Redirected { .. }
        | PrometheusError::NotPrometheus { .. }
        | PrometheusError::QueryFailed { .. }
        | PrometheusError::TooLarge { .. } => ExitCode::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use crate::context::{Context, Environment};
    use crate::error::CommandError;
    use crate::grammar::PathArgs;
    use mosaic_delivery::{KickstartError, ResetError, SendError};
    use mosaic_exit_code::ExitCode;
    use mosaic_runtimes::LaunchError;
    use mosaic_update::UpdateError;
    use std::io;
    use std::time::Duration;

    #[test]
    fn an_unknown_agent_is_a_usage_error_that_suggests_similar_names() {
        let unknown = |nearest: &[&str]| CommandError::UnknownAgent {
            name: "codr0".parse().unwrap(),
            nearest: nearest.iter().map(ToString::to_string).collect(),
        };
        let error = unknown(&["coder0", "coder1"]);
        assert_eq!(error.to_string(), "there is no agent 'codr0' in the roster; did you mean coder0 or coder1?");
        assert_eq!(error.exit_code(), ExitCode::Usage);
        assert!(unknown(&[]).to_string().contains("mosaic agent roster"));
    }

    #[test]
    fn permission_denied_has_an_exit_code_of_its_own() {
        let code = |kind| CommandError::io("read", "/x", io::Error::from(kind)).exit_code();
        assert_eq!(code(io::ErrorKind::PermissionDenied), ExitCode::Permission);
        assert_eq!(code(io::ErrorKind::StorageFull), ExitCode::Io);
    }

    #[test]
    fn a_fleet_without_a_home_is_a_configuration_error() {
        let error = Context::new(&PathArgs::default(), Environment::default()).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Configuration);
    }

    #[test]
    fn update_errors_have_the_exit_codes_of_their_causes() {
        let code = |error: UpdateError| CommandError::from(error).exit_code();
        assert_eq!(code(UpdateError::Locked { pid: None }), ExitCode::Busy);
        assert_eq!(code(UpdateError::UnknownName { name: "x".to_owned(), nearest: Vec::new() }), ExitCode::Usage);
    }
    #[test]
    fn an_invalid_template_is_a_configuration_error_and_a_missing_task_is_wrong_usage() {
        let agent = || "coder0".parse().unwrap();
        let code = |problem| CommandError::from(ResetError::Kickstart { agent: agent(), problem }).exit_code();
        assert_eq!(code(KickstartError::Unknown("who".to_owned())), ExitCode::Configuration);
        assert_eq!(code(KickstartError::NoTask), ExitCode::Usage);
        let busy = SendError::Busy { agent: agent(), timeout: Duration::from_secs(5) };
        assert_eq!(CommandError::from(busy).exit_code(), ExitCode::Busy);
    }

    #[test]
    fn an_unknown_skill_mode_is_wrong_usage() {
        let error = LaunchError::SkillMode { value: "none".to_owned() };
        assert_eq!(CommandError::from(error).exit_code(), ExitCode::Usage);
    }
}
