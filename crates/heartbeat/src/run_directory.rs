//! Where heartbeats are.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domain::{AgentName, MosaicHome, NoHome};

/// The directory of a fleet's heartbeats, mode 0700; writer and readers find it by the same rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory(PathBuf);

/// The run directory cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the run directory {}: {source}", .path.display())]
pub struct RunDirectoryError {
    /// The directory.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl RunDirectory {
    /// `MOSAIC_HEARTBEAT_RUN_DIR`, or `fleet/run` in the fleet's home; an empty value counts as
    /// unset.
    ///
    /// # Errors
    /// No variable says where the fleet lives.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        match variable("MOSAIC_HEARTBEAT_RUN_DIR").filter(|value| !value.is_empty()) {
            Some(directory) => Ok(Self(PathBuf::from(directory))),
            None => Ok(Self(MosaicHome::from_environment(variable)?.path().join("fleet/run"))),
        }
    }

    /// This very directory.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The heartbeat of an agent.
    #[must_use]
    pub fn heartbeat(&self, agent: &AgentName) -> PathBuf {
        self.0.join(format!("{agent}.hb"))
    }

    /// Makes the directory if it is not there, and lets nobody else look into it.
    ///
    /// The installer may lead it to a tmpfs that is empty after a boot, so a link to nothing has
    /// its target made.
    ///
    /// # Errors
    /// It cannot be made, is no directory, or is somebody else's.
    pub fn prepare(&self) -> Result<(), RunDirectoryError> {
        self.make().map_err(|source| RunDirectoryError { path: self.0.clone(), source })
    }

    fn make(&self) -> io::Result<()> {
        let target = match fs::read_link(&self.0) {
            Ok(target) => self.0.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => self.0.clone(),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&target)?;
        if fs::metadata(&target)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&target, Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::RunDirectory;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    #[test]
    fn writer_and_readers_find_it_by_the_same_rule() {
        let table: [(&[(&str, &str)], &str); 3] = [
            (&[("HOME", "/h")], "/h/.config/mosaic/fleet/run"),
            (&[("HOME", "/h"), ("MOSAIC_HOME", "/m")], "/m/fleet/run"),
            (&[("MOSAIC_HOME", "/m"), ("MOSAIC_HEARTBEAT_RUN_DIR", "/r")], "/r"),
        ];
        for (variables, expected) in table {
            let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(RunDirectory::from_environment(lookup).unwrap().path(), Path::new(expected));
        }
    }

    #[test]
    fn it_is_made_private_also_behind_a_link_to_nothing() {
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let plain = root.path().join("a/b/run");
        RunDirectory::at(plain.clone()).prepare().unwrap();
        assert_eq!(mode(&plain), 0o700);

        let open = root.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        RunDirectory::at(open.clone()).prepare().unwrap();
        assert_eq!(mode(&open), 0o700);

        let link = root.path().join("link");
        symlink("tmpfs/mosaic", &link).unwrap();
        RunDirectory::at(link.clone()).prepare().unwrap();
        assert_eq!(mode(&root.path().join("tmpfs/mosaic")), 0o700);

        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(RunDirectory::at(file).prepare().is_err());
    }
}
