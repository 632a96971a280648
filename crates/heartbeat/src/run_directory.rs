//! The directory of a fleet's heartbeats.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, MosaicHome, NoHome, env_var};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::geteuid;

/// The directory of a fleet's heartbeats, mode 0700. Writers and readers find it by the same rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
    /// The directory is the default one below `MOSAIC_HOME`, so no other user needs access to it.
    is_default: bool,
}

/// The error of preparing a run directory.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the run directory {}: {source}", .path.display())]
pub struct RunDirectoryError {
    /// The directory.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: io::Error,
}

impl RunDirectory {
    /// The directory `MOSAIC_HEARTBEAT_RUN_DIR`, or `fleet/run` below `MOSAIC_HOME`. An empty value counts as
    /// unset.
    ///
    /// # Errors
    /// Neither of these variables is set, nor `HOME`.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        if let Some(directory) = variable(env_var::HEARTBEAT_RUN_DIR).filter(|value| !value.is_empty()) {
            return Ok(Self::new(PathBuf::from(directory)));
        }
        let path = MosaicHome::from_environment(variable)?.paths().run();
        Ok(Self { path, is_default: true })
    }

    /// A directory other than the default one.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, is_default: false }
    }

    /// The same directory, with a relative path resolved against `current_dir`.
    #[must_use]
    pub fn absolute(self, current_dir: &Path) -> Self {
        Self { path: current_dir.join(self.path), ..self }
    }

    /// The path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an agent's heartbeat.
    #[must_use]
    pub fn heartbeat(&self, agent: &AgentName) -> PathBuf {
        self.path.join(format!("{agent}.hb"))
    }

    /// The path of an agent's activity report.
    #[must_use]
    pub fn activity(&self, agent: &AgentName) -> PathBuf {
        self.path.join(format!("{agent}.state"))
    }

    /// Why no file can be written into the directory, as far as its file system says that: it is full or read-only. `None`
    /// if there is no such fault, or if the file system does not answer.
    #[must_use]
    pub fn write_fault(&self) -> Option<String> {
        let space = statvfs(&self.path).ok()?;
        // Only root may use the reserved blocks.
        let blocks = if geteuid().is_root() { space.f_bfree } else { space.f_bavail };
        let path = self.path.display();
        if space.f_flag.contains(StatVfsMountFlags::RDONLY) {
            Some(format!("the file system of {path} is read-only"))
        } else if blocks == 0 && space.f_blocks > 0 {
            Some(format!("no space is left in {path}"))
        } else if space.f_favail == 0 && space.f_files > 0 {
            Some(format!("no more files can be made in {path}"))
        } else {
            None
        }
    }

    /// Makes the directory with mode 0700 if it does not exist. The default directory is closed to other users,
    /// because the bash launcher left it open; any other one keeps its mode, because it may serve others too.
    ///
    /// The installer may replace the default directory with a link into a tmpfs, which is empty after a boot,
    /// so the target of a dangling link is made too.
    ///
    /// # Errors
    /// The directory cannot be made, or is not a directory.
    pub fn prepare(&self) -> Result<(), RunDirectoryError> {
        self.make().map_err(|source| RunDirectoryError { path: self.path.clone(), source })
    }

    fn make(&self) -> io::Result<()> {
        let target = match fs::read_link(&self.path) {
            Ok(target) => self.path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => self.path.clone(),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&target)?;
        if self.is_default && fs::metadata(&target)?.permissions().mode() & 0o077 != 0 {
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
    fn the_directory_is_found_from_the_environment() {
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
    fn the_directory_is_private_even_behind_a_dangling_link() {
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let plain = root.path().join("a/b/run");
        RunDirectory::new(plain.clone()).prepare().unwrap();
        assert_eq!(mode(&plain), 0o700);

        let open = |path: &Path| {
            fs::create_dir_all(path).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let default = root.path().join("home/fleet/run");
        open(&default);
        let home = root.path().join("home").into_os_string();
        let found = RunDirectory::from_environment(|name| (name == "MOSAIC_HOME").then(|| home.clone())).unwrap();
        found.prepare().unwrap();
        assert_eq!(mode(&default), 0o700);

        let chosen = root.path().join("chosen");
        open(&chosen);
        RunDirectory::new(chosen.clone()).prepare().unwrap();
        assert_eq!(mode(&chosen), 0o755, "it may be /tmp or /run, for example");

        let link = root.path().join("link");
        symlink("tmpfs/mosaic", &link).unwrap();
        RunDirectory::new(link.clone()).prepare().unwrap();
        assert_eq!(mode(&root.path().join("tmpfs/mosaic")), 0o700);

        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(RunDirectory::new(file).prepare().is_err());
    }
}
