//! Maps every error of a command to an exit code. Libraries know errors, only this binary knows exit codes.

use std::io;

use mosaic_delivery::spool::SpoolError;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleError, ObserveError};
use mosaic_provision::ProvisionError;
use mosaic_roster::{EditError, RosterError};
use mosaic_runtimes::ProfileError;
use mosaic_systemd::ManagerError;
use mosaic_tmux::TmuxError;
use mosaic_update::UpdateError;

use crate::error::CommandError;

impl CommandError {
    /// The exit code for this error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Roster(error) => of_roster(error),
            Self::Edit(error) => of_edit(error),
            Self::Manager(error) => of_manager(error),
            Self::Tmux(error) => of_tmux(error),
            Self::Provision(error) => of_provision(error),
            Self::Lifecycle(error) => of_lifecycle(error),
            Self::Observe(error) => of_observe(error),
            Self::Update(error) => of_update(error),
            Self::Prometheus(error) => prometheus_exit_code(error),
            Self::Agent(error) => error.exit_code(),
            Self::Io { source, .. } => of_io(source),
            Self::NoHome(_) | Self::Variable(_) => ExitCode::Configuration,
            Self::UnknownAgent { .. } | Self::NoTerminal { .. } | Self::Differs { .. } | Self::Usage(_) => {
                ExitCode::Usage
            }
            Self::NoSession { .. } => ExitCode::Unavailable,
            Self::Refused(_) => ExitCode::CheckFailed,
        }
    }
}

fn of_io(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::PermissionDenied { ExitCode::Permission } else { ExitCode::Io }
}

fn of_roster(error: &RosterError) -> ExitCode {
    match error {
        RosterError::NotFound { .. } | RosterError::Invalid(_) => ExitCode::Configuration,
        RosterError::Unreadable { source, .. } => of_io(source),
    }
}

fn of_edit(error: &EditError) -> ExitCode {
    match error {
        EditError::Roster(error) => of_roster(error),
        EditError::AgentExists { .. } | EditError::AgentNotFound { .. } => ExitCode::Usage,
        EditError::Orchestrators { .. } | EditError::InvalidResult { .. } | EditError::UnsupportedStyle { .. } => {
            ExitCode::Configuration
        }
    }
}

fn of_manager(error: &ManagerError) -> ExitCode {
    match error {
        ManagerError::Absent { .. } | ManagerError::Unreachable { .. } | ManagerError::Deadline { .. } => {
            ExitCode::Unavailable
        }
        ManagerError::Refused { .. } => ExitCode::CheckFailed,
    }
}

fn of_tmux(error: &TmuxError) -> ExitCode {
    match error {
        TmuxError::NotInstalled { .. }
        | TmuxError::TooOld { .. }
        | TmuxError::NoServer { .. }
        | TmuxError::Timeout { .. } => ExitCode::Unavailable,
        TmuxError::Run { .. } | TmuxError::CommandFailed { .. } => ExitCode::Io,
    }
}

fn of_provision(error: &ProvisionError) -> ExitCode {
    match error {
        ProvisionError::File { source, .. } => of_io(source),
        ProvisionError::DirectoryNotFound { .. } => ExitCode::Io,
        ProvisionError::Manager { source, .. } => of_manager(source),
        ProvisionError::Stop { .. } => ExitCode::CheckFailed,
        ProvisionError::LockHeld { .. } | ProvisionError::RunDirectoryInUse { .. } => ExitCode::Busy,
        ProvisionError::MissingPrograms { .. } => ExitCode::Unavailable,
        ProvisionError::InvalidHome { .. } | ProvisionError::NotUtf8(_) | ProvisionError::Manifest { .. } => {
            ExitCode::Configuration
        }
    }
}

fn of_observe(error: &ObserveError) -> ExitCode {
    match error {
        ObserveError::Variable(_) => ExitCode::Configuration,
        ObserveError::Proc(source) => of_io(source),
    }
}

fn of_lifecycle(error: &LifecycleError) -> ExitCode {
    match error {
        LifecycleError::Manager(error) => of_manager(error),
        LifecycleError::Tmux(error) => of_tmux(error),
        LifecycleError::Roster(error) => of_roster(error),
        LifecycleError::Observe(error) => of_observe(error),
    }
}

fn of_update(error: &UpdateError) -> ExitCode {
    match error {
        UpdateError::Roster(error) => of_roster(error),
        UpdateError::UnknownName { .. } => ExitCode::Usage,
        UpdateError::NotInstalled { .. } => ExitCode::Unavailable,
        UpdateError::Locked { .. } => ExitCode::Busy,
        UpdateError::Io { source, .. } => of_io(source),
        UpdateError::Record(error) => of_provision(error),
        UpdateError::AgentState { .. } => ExitCode::CheckFailed,
        UpdateError::Lifecycle(error) => of_lifecycle(error),
        UpdateError::Observe(error) => of_observe(error),
        UpdateError::Tmux(error) => of_tmux(error),
        UpdateError::Outbox(error) => of_spool(error),
        UpdateError::Profile(error) => of_profile(error),
    }
}

fn of_spool(error: &SpoolError) -> ExitCode {
    match error {
        SpoolError::Io { source, .. } => of_io(source),
        SpoolError::Malformed { .. } => ExitCode::Io,
    }
}

fn of_profile(error: &ProfileError) -> ExitCode {
    match error {
        ProfileError::Unreadable { source, .. } => of_io(source),
        ProfileError::Invalid { .. } => ExitCode::Configuration,
    }
}

fn prometheus_exit_code(error: &mosaic_prometheus::PrometheusError) -> ExitCode {
    use mosaic_prometheus::PrometheusError;
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
    use mosaic_exit_code::ExitCode;
    use mosaic_update::UpdateError;
    use std::io;

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
}
