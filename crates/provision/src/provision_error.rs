//! Why an installation was not changed, or not wholly.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode, Pid};
use mosaic_systemd::{JobOutcome, ManagerError, UnitName};

/// A step that failed; those before it are done, and running the command again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A file or directory could not be read or changed.
    #[error("cannot {step} {}: {source}", .path.display())]
    File {
        /// What was to be done.
        step: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it was not.
        #[source]
        source: io::Error,
    },
    /// A file is to be written where there is no directory.
    #[error("cannot write {}: there is no directory {}: make it, or name another one", .path.display(), .directory.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
        /// What is missing.
        directory: PathBuf,
    },
    /// The user manager did not do it.
    #[error("cannot {step}: {source}")]
    Manager {
        /// What was to be done.
        step: String,
        /// Why it was not.
        #[source]
        source: ManagerError,
    },
    /// A unit does not stop.
    #[error("cannot stop {unit}: {outcome}; see `systemctl --user status {unit}`, and run this again")]
    Stop {
        /// Which.
        unit: UnitName,
        /// How its job ended.
        outcome: JobOutcome,
    },
    /// Another command changes the same fleet.
    #[error(
        "{} is changing this fleet, for longer than {} s: try again when it is done",
        holder_name(*.holder),
        .waited.as_secs()
    )]
    Busy {
        /// Who.
        holder: Option<Pid>,
        /// How long we waited.
        waited: Duration,
    },
    /// What is to be installed is not where this program is.
    #[error(
        "there is no {} in {}: install from a directory that holds all programs of Mosaic Fleet side by side",
        .names.join(", "), .directory.display()
    )]
    MissingPrograms {
        /// Where they should be.
        directory: PathBuf,
        /// Which are not.
        names: Vec<&'static str>,
    },
    /// A path that no unit can name.
    #[error("the fleet's home {} cannot be written into a unit: it has the character {character:?}", .path.display())]
    UnwritableHome {
        /// The home.
        path: PathBuf,
        /// What is wrong with it.
        character: char,
    },
    /// A text file that is none.
    #[error("{} is not UTF-8 text: put it right, or move it away, and run this again", .0.display())]
    NotText(PathBuf),
    /// What says what is installed makes no sense.
    #[error("{} says what is installed, and cannot be understood ({why}): remove it and run `mosaic fleet install`", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The run directory cannot be moved under a running agent.
    #[error("agent {agent} was started from {} just now, so that stays: run this again when the agent is stopped", .path.display())]
    RunDirectoryInUse {
        /// Who runs.
        agent: AgentName,
        /// The directory.
        path: PathBuf,
    },
}

/// Who keeps others from changing a fleet, in words.
#[must_use]
pub fn holder_name(holder: Option<Pid>) -> String {
    holder.map_or_else(|| "another command".to_owned(), |pid| format!("the command with PID {pid}"))
}

impl ProvisionError {
    /// The exit code of a program that ends because of it.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::File { .. } | Self::NoDirectory { .. } => ExitCode::Io,
            Self::Manager { source, .. } => source.exit_code(),
            Self::Stop { .. } => ExitCode::CheckFailed,
            Self::Busy { .. } | Self::RunDirectoryInUse { .. } => ExitCode::Busy,
            Self::MissingPrograms { .. } => ExitCode::Unavailable,
            Self::UnwritableHome { .. } | Self::NotText(_) | Self::Manifest { .. } => ExitCode::Configuration,
        }
    }

    /// For `map_err`: what was to be done, to which path.
    pub(crate) fn file(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { step, path: path.to_owned(), source }
    }
}
