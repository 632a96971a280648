//! Errors of installing and uninstalling.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{AgentName, Pid};
use mosaic_systemd::{JobOutcome, ManagerError, UnitName};

/// A step that failed. The steps before it are done, and running the command again resumes from there.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A file or directory cannot be read or changed.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// The failed action, such as `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// The directory of a file to write does not exist.
    #[error(
        "cannot write {}: the directory {} does not exist: create it or choose another one",
        .path.display(), .directory.display()
    )]
    DirectoryNotFound {
        /// The file.
        path: PathBuf,
        /// The missing directory.
        directory: PathBuf,
    },
    /// The user manager refused a request.
    #[error("cannot {step}: {source}")]
    Manager {
        /// The failed step.
        step: String,
        /// The error of the manager.
        #[source]
        source: ManagerError,
    },
    /// A unit does not stop.
    #[error("cannot stop {unit}: {outcome}; check `systemctl --user status {unit}`, then run this command again")]
    Stop {
        /// The unit.
        unit: UnitName,
        /// The result of its stop job.
        outcome: JobOutcome,
    },
    /// Another process holds the fleet lock.
    #[error(
        "{} still holds the fleet lock after {} s; try again when it has finished",
        lock_holder(*.holder),
        .waited.as_secs()
    )]
    LockHeld {
        /// The process that holds the lock, if it is known.
        holder: Option<Pid>,
        /// How long this process waited.
        waited: Duration,
    },
    /// Programs to install are not beside the running program.
    #[error(
        "missing programs in {}: {}; install from a directory that contains all programs of Mosaic Fleet",
        .directory.display(), .names.join(", ")
    )]
    MissingPrograms {
        /// The directory of the running program.
        directory: PathBuf,
        /// The names of the missing programs.
        names: Vec<&'static str>,
    },
    /// The path of the fleet's home cannot be written into a unit file.
    #[error("the fleet's home {} contains the character {character:?}, which a unit file cannot contain: set MOSAIC_HOME to another directory", .path.display())]
    InvalidHome {
        /// The path of the fleet's home.
        path: PathBuf,
        /// The first unsupported character.
        character: char,
    },
    /// A text file is not valid UTF-8.
    #[error("{} is not valid UTF-8: repair or move the file, then run this command again", .0.display())]
    NotUtf8(PathBuf),
    /// The manifest is invalid.
    #[error("invalid manifest {} ({reason}): remove it, then run `mosaic fleet install`", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The run directory cannot be moved because an agent was started from it.
    #[error(
        "cannot move the run directory {}, because agent {agent} is running: stop the agent, then run this command again",
        .path.display()
    )]
    RunDirectoryInUse {
        /// The running agent.
        agent: AgentName,
        /// The run directory.
        path: PathBuf,
    },
}

/// Names the process that holds the fleet lock, for messages.
#[must_use]
pub fn lock_holder(holder: Option<Pid>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |pid| format!("the process with PID {pid}"))
}

impl ProvisionError {
    /// For `map_err` of I/O results.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}
