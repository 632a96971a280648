//! Does a user's manager run while he is logged in nowhere?

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mosaic_domain::ExitCode;
use mosaic_process::{BoundedError, bounded_output};
use serde::Serialize;

/// Whether a user's manager starts at boot and stays when the user logs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linger {
    /// It does.
    On,
    /// It ends with the user's last session, and all agents with it.
    Off,
    /// Nobody here starts managers for users: no logind.
    NoLogind,
}

/// The files of logind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logind {
    root: PathBuf,
}

impl Default for Logind {
    /// This host's.
    fn default() -> Self {
        Self::below(Path::new("/"))
    }
}

impl Logind {
    /// That of a system below a directory.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Whether a user lingers. logind's own record is a file with the user's name.
    ///
    /// # Errors
    /// The record cannot be looked at.
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

/// Lingering could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum LingerError {
    /// There is no logind.
    #[error("nothing on this host starts user managers at boot (no logind): start the fleet by other means")]
    NoLogind,
    /// `loginctl` did not run to its end.
    #[error("loginctl: {0}")]
    Program(#[from] BoundedError),
    /// logind said no.
    #[error("logind does not allow to {what}: {message}; as root: loginctl {what}")]
    Refused {
        /// `enable-linger NAME`, say.
        what: String,
        /// Its words.
        message: String,
    },
    /// The present state cannot be read.
    #[error("{0}")]
    Record(#[from] io::Error),
}

impl LingerError {
    /// The exit code of a program that ends because of it.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoLogind | Self::Program(_) => ExitCode::Unavailable,
            Self::Refused { .. } => ExitCode::Permission,
            Self::Record(error) if error.kind() == io::ErrorKind::PermissionDenied => ExitCode::Permission,
            Self::Record(_) => ExitCode::Io,
        }
    }
}

/// Whether a user of this host lingers.
///
/// # Errors
/// logind's record cannot be looked at.
pub fn linger(user: &str) -> io::Result<Linger> {
    Logind::default().linger(user)
}

/// Lets a user of this host linger, or no longer. What is so already is not asked for: it might
/// need a password.
///
/// # Errors
/// There is no logind, it refuses, or it does not answer in time.
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
    fn the_record_counts_only_where_somebody_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let logind = Logind::below(root.path());
        let records = root.path().join("var/lib/systemd/linger");
        fs::create_dir_all(&records).unwrap();
        fs::write(records.join("ann"), "").unwrap();
        assert_eq!(logind.linger("ann").unwrap(), Linger::NoLogind);
        fs::create_dir_all(root.path().join("run/systemd/users")).unwrap();
        assert_eq!(logind.linger("ann").unwrap(), Linger::On);
        assert_eq!(logind.linger("bob").unwrap(), Linger::Off);
    }

    #[test]
    fn nobody_lingers_where_nobody_ever_did() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/systemd/users")).unwrap();
        assert_eq!(Logind::below(root.path()).linger("ann").unwrap(), Linger::Off);
    }
}
