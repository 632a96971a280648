//! Lingering: whether a user's manager runs without a login session.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mosaic_process::{BoundedError, bounded_output};
use serde::Serialize;

/// Whether a user's manager starts at boot and keeps running after logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linger {
    /// The manager starts at boot and keeps running.
    On,
    /// The manager stops with the user's last session, and all agents with it.
    Off,
    /// This host has no logind, which would start user managers.
    NoLogind,
}

/// The files in which logind records lingering users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logind {
    root: PathBuf,
}

impl Default for Logind {
    /// The logind of this host.
    fn default() -> Self {
        Self::with_root(Path::new("/"))
    }
}

impl Logind {
    /// The logind of the system below a root directory.
    #[must_use]
    pub fn with_root(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Whether a user lingers: logind creates a file with the user's name.
    ///
    /// # Errors
    /// The record cannot be accessed.
    pub fn linger(&self, user: &str) -> io::Result<Linger> {
        if !self.root.join("run/systemd/users").is_dir() {
            return Ok(Linger::NoLogind);
        }
        let record = self.root.join("var/lib/systemd/linger").join(user);
        match fs::symlink_metadata(&record) {
            Ok(_) => Ok(Linger::On),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Linger::Off),
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", record.display()))),
        }
    }
}

/// Why lingering could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum LingerError {
    /// This host has no logind.
    #[error("this host has no logind, which would start user managers at boot: start the fleet by other means")]
    NoLogind,
    /// `loginctl` could not be run to its end.
    #[error("loginctl: {0}")]
    Program(#[from] BoundedError),
    /// logind refused.
    #[error("logind refused '{what}': {message}; run 'loginctl {what}' as root")]
    Refused {
        /// The arguments of `loginctl`, such as `enable-linger NAME`.
        what: String,
        /// The message of logind.
        message: String,
    },
    /// The record of lingering users cannot be accessed.
    #[error("{0}")]
    Record(#[from] io::Error),
}

/// Whether a user of this host lingers.
///
/// # Errors
/// The record of lingering users cannot be accessed.
pub fn linger(user: &str) -> io::Result<Linger> {
    Logind::default().linger(user)
}

/// Enables or disables lingering for a user of this host. If the state is already as requested, logind is not
/// called, because it might require a password.
///
/// # Errors
/// This host has no logind, logind refuses, or it does not answer within `limit`.
pub fn set_linger(user: &str, on: bool, limit: Duration) -> Result<(), LingerError> {
    let verb = match (linger(user)?, on) {
        (Linger::NoLogind, _) => return Err(LingerError::NoLogind),
        (Linger::On, true) | (Linger::Off, false) => return Ok(()),
        (Linger::Off, true) => "enable-linger",
        (Linger::On, false) => "disable-linger",
    };
    let output = bounded_output(Command::new("loginctl").args(["--no-ask-password", verb, "--", user]), limit)?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LingerError::Refused { what: format!("{verb} {user}"), message })
}

#[cfg(test)]
mod tests {
    use super::{Linger, Logind};
    use std::fs;

    #[test]
    fn linger_records_count_only_if_logind_runs() {
        let root = tempfile::tempdir().unwrap();
        let logind = Logind::with_root(root.path());
        let records = root.path().join("var/lib/systemd/linger");
        fs::create_dir_all(&records).unwrap();
        fs::write(records.join("ann"), "").unwrap();
        assert_eq!(logind.linger("ann").unwrap(), Linger::NoLogind);
        fs::create_dir_all(root.path().join("run/systemd/users")).unwrap();
        assert_eq!(logind.linger("ann").unwrap(), Linger::On);
        assert_eq!(logind.linger("bob").unwrap(), Linger::Off);
    }

    #[test]
    fn a_missing_record_directory_means_off() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/systemd/users")).unwrap();
        assert_eq!(Logind::with_root(root.path()).linger("ann").unwrap(), Linger::Off);
    }
}
