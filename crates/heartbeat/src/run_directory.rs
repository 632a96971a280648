//! Where heartbeats are.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, MosaicHome, NoHome};

/// The directory of a fleet's heartbeats, mode 0700; writer and readers find it by the same rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
    /// It is the one in the fleet's home, so nobody else has business in it.
    of_the_fleet: bool,
}

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
        if let Some(directory) = variable("MOSAIC_HEARTBEAT_RUN_DIR").filter(|value| !value.is_empty()) {
            return Ok(Self::at(PathBuf::from(directory)));
        }
        let path = MosaicHome::from_environment(variable)?.path().join("fleet/run");
        Ok(Self { path, of_the_fleet: true })
    }

    /// This very directory.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, of_the_fleet: false }
    }

    /// The same, with a relative path counted from `here`.
    #[must_use]
    pub fn absolute(self, here: &Path) -> Self {
        Self { path: here.join(self.path), ..self }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The heartbeat of an agent.
    #[must_use]
    pub fn heartbeat(&self, agent: &AgentName) -> PathBuf {
        self.path.join(format!("{agent}.hb"))
    }

    /// What an agent says of itself.
    #[must_use]
    pub fn activity(&self, agent: &AgentName) -> PathBuf {
        self.path.join(format!("{agent}.state"))
    }

    /// Makes the directory if it is not there, for its owner alone. One in the fleet's home that is
    /// open to others, as the bash launcher made it, is closed; one that somebody chose may serve
    /// others too, so it is taken as it is.
    ///
    /// The installer may lead it to a tmpfs that is empty after a boot, so a link to nothing has
    /// its target made.
    ///
    /// # Errors
    /// It cannot be made, or is no directory.
    pub fn prepare(&self) -> Result<(), RunDirectoryError> {
        self.make().map_err(|source| RunDirectoryError { path: self.path.clone(), source })
    }

    fn make(&self) -> io::Result<()> {
        let target = match fs::read_link(&self.path) {
            Ok(target) => self.path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => self.path.clone(),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&target)?;
        if self.of_the_fleet && fs::metadata(&target)?.permissions().mode() & 0o077 != 0 {
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

        let open = |path: &Path| {
            fs::create_dir_all(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let of_the_fleet = root.path().join("home/fleet/run");
        open(&of_the_fleet);
        let home = root.path().join("home").into_os_string();
        let found = RunDirectory::from_environment(|name| (name == "MOSAIC_HOME").then(|| home.clone())).unwrap();
        found.prepare().unwrap();
        assert_eq!(mode(&of_the_fleet), 0o700);

        let chosen = root.path().join("chosen");
        open(&chosen);
        RunDirectory::at(chosen.clone()).prepare().unwrap();
        assert_eq!(mode(&chosen), 0o755, "it may be /tmp or /run");

        let link = root.path().join("link");
        symlink("tmpfs/mosaic", &link).unwrap();
        RunDirectory::at(link.clone()).prepare().unwrap();
        assert_eq!(mode(&root.path().join("tmpfs/mosaic")), 0o700);

        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(RunDirectory::at(file).prepare().is_err());
    }
}
