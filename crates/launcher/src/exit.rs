//! How the launcher's programs end: the exit codes of their errors, and the exit code of a panic. Only the binaries use
//! this module.

use std::ffi::OsString;
use std::io::{self, Write as _};

use mosaic_exit_code::ExitCode;
use mosaic_heartbeat::RunDirectoryError;
use mosaic_tmux::{SocketError, TmuxError};

use crate::launch_settings::SettingsError;
use crate::sidecar::{AgentEnd, SidecarError, SidecarOutcome};
use crate::start::StartError;

/// Makes a panic report a bug and end the process with [`ExitCode::Bug`] instead of SIGABRT.
pub fn report_panics_as_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("ERROR: this is a bug in Mosaic Fleet, please report it: {panic}");
        std::process::exit(ExitCode::Bug as i32);
    }));
}

/// Prints the usage or the version of a program that only other programs start, if its only argument asks for it.
/// `None` if it does not.
#[must_use]
pub fn answer_help(arguments: &[OsString], program: &str, usage: &str) -> Option<ExitCode> {
    let text = match arguments {
        [word] if word == "--help" || word == "-h" => usage.to_owned(),
        [word] if word == "--version" || word == "-V" => format!("{program} {}\n", env!("CARGO_PKG_VERSION")),
        _ => return None,
    };
    let mut output = io::stdout().lock();
    Some(match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("ERROR: cannot write to standard output: {error}");
            ExitCode::Io
        }
        _ => ExitCode::Ok,
    })
}

/// The exit code of a start that failed.
#[must_use]
pub fn start_exit_code(error: &StartError) -> ExitCode {
    match error {
        StartError::Settings(error) => settings_exit_code(error),
        StartError::EnvFile(_) => ExitCode::Configuration,
        StartError::Tmux(error) => tmux_exit_code(error),
        StartError::Socket(SocketError::Io { source, .. })
        | StartError::RunDirectory(RunDirectoryError { source, .. })
        | StartError::WorkingDirectory { source, .. }
        | StartError::System { source, .. } => ExitCode::from_io(source),
        StartError::StartInProgress { .. }
        | StartError::OwnedByUnit { .. }
        | StartError::SidecarStayed { .. }
        | StartError::SessionUnstable { .. }
        | StartError::SidecarBusy { .. } => ExitCode::Busy,
        StartError::NotInstalled { .. } | StartError::Socket(_) => ExitCode::Unavailable,
        StartError::EndedAtOnce { .. } => ExitCode::CheckFailed,
        StartError::Handshake { .. } | StartError::Output(_) => ExitCode::Io,
        StartError::SidecarFailed { .. } => ExitCode::Bug,
    }
}

/// The name of an exit code in the JSON output of a start; see [`StartOutput`](crate::start::StartOutput).
#[must_use]
pub fn exit_kind(code: ExitCode) -> &'static str {
    match code {
        ExitCode::Ok => "ok",
        ExitCode::CheckFailed => "check-failed",
        ExitCode::Unconfirmed => "unconfirmed",
        ExitCode::Usage => "usage",
        ExitCode::Unavailable => "unavailable",
        ExitCode::Bug => "bug",
        ExitCode::Io => "io",
        ExitCode::Busy => "busy",
        ExitCode::Permission => "permission",
        ExitCode::Configuration => "configuration",
    }
}

/// The exit code of a sidecar that could not do its work.
#[must_use]
pub fn sidecar_exit_code(error: &SidecarError) -> ExitCode {
    match error {
        SidecarError::Assignment(_) => ExitCode::Usage,
        SidecarError::Settings(error) => settings_exit_code(error),
        SidecarError::Busy => ExitCode::Busy,
        SidecarError::Io(_) => ExitCode::Io,
    }
}

/// The exit code by which a sidecar passes the end of its agent on to systemd.
#[must_use]
pub fn outcome_exit_code(outcome: SidecarOutcome) -> u8 {
    match outcome {
        SidecarOutcome::AgentEnded(AgentEnd::Exited(Some(verdict))) => verdict.as_exit_code(),
        SidecarOutcome::AgentEnded(AgentEnd::Exited(None)) => ExitCode::CheckFailed as u8,
        SidecarOutcome::AgentEnded(AgentEnd::Lost) => ExitCode::Unavailable as u8,
        SidecarOutcome::AgentEnded(AgentEnd::Stopped) | SidecarOutcome::HandedOver => ExitCode::Ok as u8,
    }
}

fn settings_exit_code(error: &SettingsError) -> ExitCode {
    match error {
        SettingsError::NoAgent | SettingsError::Agent(_) => ExitCode::Usage,
        SettingsError::Variable { .. } | SettingsError::NoWorkingDirectory | SettingsError::Home(_) => {
            ExitCode::Configuration
        }
    }
}

fn tmux_exit_code(error: &TmuxError) -> ExitCode {
    if error.is_unavailable() { ExitCode::Unavailable } else { ExitCode::Io }
}

#[cfg(test)]
mod tests {
    use super::{outcome_exit_code, start_exit_code};
    use crate::launch_settings::SettingsError;
    use crate::sidecar::{AgentEnd, SidecarOutcome};
    use crate::start::StartError;
    use mosaic_domain::{AgentName, ExitVerdict};
    use mosaic_exit_code::ExitCode;
    use std::io;

    #[test]
    fn errors_of_a_start_have_the_documented_exit_codes() {
        let invalid_name = "a b".parse::<AgentName>().unwrap_err();
        let invalid_value = SettingsError::Variable { name: "MOSAIC_TMUX_SOCKET", problem: String::new() };
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let ended = StartError::EndedAtOnce {
            agent: "a".parse().unwrap(),
            how: "exited with code 7".to_owned(),
            command: "exit 7".to_owned(),
        };
        let table: [(StartError, ExitCode); 6] = [
            (SettingsError::NoAgent.into(), ExitCode::Usage),
            (SettingsError::Agent(invalid_name).into(), ExitCode::Usage),
            (invalid_value.into(), ExitCode::Configuration),
            (StartError::WorkingDirectory { path: "/root/x".into(), source: denied }, ExitCode::Permission),
            (ended, ExitCode::CheckFailed),
            (StartError::Output(io::Error::from(io::ErrorKind::StorageFull)), ExitCode::Io),
        ];
        for (error, expected) in table {
            assert_eq!(start_exit_code(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_sidecar_passes_the_verdict_on() {
        let table = [
            (SidecarOutcome::AgentEnded(AgentEnd::Exited(Some(ExitVerdict::Code(7)))), 7),
            (SidecarOutcome::AgentEnded(AgentEnd::Exited(Some(ExitVerdict::Signal(9)))), 137),
            (SidecarOutcome::AgentEnded(AgentEnd::Exited(None)), 1),
            (SidecarOutcome::AgentEnded(AgentEnd::Lost), 69),
            (SidecarOutcome::AgentEnded(AgentEnd::Stopped), 0),
            (SidecarOutcome::HandedOver, 0),
        ];
        for (outcome, expected) in table {
            assert_eq!(outcome_exit_code(outcome), expected, "{outcome:?}");
        }
    }
}
