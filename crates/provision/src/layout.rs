//! Where everything of an installation is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, MosaicHome, NoHome};
use mosaic_roster::DROP_IN;
use mosaic_systemd::UnitName;

use crate::runtime_place;

/// The paths of one installation, all absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    mosaic_home: PathBuf,
    user_home: PathBuf,
    config_home: PathBuf,
    runtime_directory: Option<PathBuf>,
}

impl Layout {
    /// From the fleet's home and the environment that `variable` looks up; an empty or relative
    /// `XDG_…` counts as unset, as the standard has it. A relative home counts from `here`.
    ///
    /// # Errors
    /// `HOME` is not set to an absolute path.
    pub fn new(home: &MosaicHome, variable: impl Fn(&str) -> Option<OsString>, here: &Path) -> Result<Self, NoHome> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user_home = absolute("HOME").ok_or(NoHome)?;
        Ok(Self {
            mosaic_home: here.join(home.path()),
            config_home: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| user_home.join(".config")),
            runtime_directory: absolute("XDG_RUNTIME_DIR"),
            user_home,
        })
    }

    /// The fleet's home.
    #[must_use]
    pub fn mosaic_home(&self) -> &Path {
        &self.mosaic_home
    }

    /// The user's home.
    #[must_use]
    pub fn user_home(&self) -> &Path {
        &self.user_home
    }

    /// Is the fleet's home where units look for it by default?
    #[must_use]
    pub fn has_default_home(&self) -> bool {
        self.mosaic_home == self.user_home.join(".config/mosaic")
    }

    /// The fleet's own directory, which nobody else may enter.
    #[must_use]
    pub fn fleet(&self) -> PathBuf {
        self.mosaic_home.join("fleet")
    }

    /// The directory of env files.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.fleet().join("agents")
    }

    /// An agent's env file.
    #[must_use]
    pub fn env_file(&self, agent: &AgentName) -> PathBuf {
        self.agents().join(format!("{agent}.env"))
    }

    /// The schema of rosters, beside the roster.
    #[must_use]
    pub fn schema(&self) -> PathBuf {
        self.fleet().join("roster.schema.json")
    }

    /// Where the programs are installed.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.mosaic_home.join("tools/fleet")
    }

    /// Where users of the older tools have their scripts.
    #[must_use]
    pub fn tool_fronts(&self) -> PathBuf {
        self.mosaic_home.join("tools/tmux")
    }

    /// Where the user's shell finds programs.
    #[must_use]
    pub fn links(&self) -> PathBuf {
        self.user_home.join(".local/bin")
    }

    /// The run directory, or the link in its place.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.fleet().join("run")
    }

    /// The run directory that a move to [`runtime place`](Self::run_target) has put aside.
    #[must_use]
    pub fn old_run(&self) -> PathBuf {
        self.fleet().join(".run.old")
    }

    /// Where the run directory is in memory; nothing where there is no `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn run_target(&self) -> Option<PathBuf> {
        let home = (!self.has_default_home()).then_some(self.mosaic_home.as_path());
        Some(runtime_place(self.runtime_directory.as_deref()?, home))
    }

    /// `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.runtime_directory.as_deref()
    }

    /// Where the user's units are.
    #[must_use]
    pub fn units(&self) -> PathBuf {
        self.config_home.join("systemd/user")
    }

    /// Our drop-in of a unit.
    #[must_use]
    pub fn drop_in(&self, unit: &UnitName) -> PathBuf {
        self.units().join(format!("{unit}.d")).join(DROP_IN)
    }

    /// Is this one of our drop-ins?
    pub(crate) fn is_drop_in(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == DROP_IN) && path.starts_with(self.units())
    }

    /// What is installed.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.fleet().join(".installed.json")
    }

    /// What keeps two commands apart.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.fleet().join(".lock")
    }

    /// A path as people write it: with `~` for the user's home.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.user_home) {
            Ok(below) => Path::new("~").join(below).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Layout;
    use mosaic_domain::MosaicHome;
    use std::ffi::OsString;
    use std::path::Path;

    pub(crate) fn layout(variables: &[(&str, &str)]) -> Layout {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Layout::new(&MosaicHome::from_environment(lookup).unwrap(), lookup, Path::new("/here")).unwrap()
    }

    #[test]
    fn everything_follows_the_users_directories() {
        let usual = layout(&[("HOME", "/h")]);
        assert!(usual.has_default_home());
        assert_eq!(usual.units(), Path::new("/h/.config/systemd/user"));
        assert_eq!(usual.run_target(), None);
        assert_eq!(usual.shown(&usual.run()), "~/.config/mosaic/fleet/run");

        let moved =
            layout(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_RUNTIME_DIR", "/r"), ("MOSAIC_HOME", "m")]);
        assert!(!moved.has_default_home());
        assert_eq!(moved.units(), Path::new("/c/systemd/user"));
        assert_eq!(moved.tools(), Path::new("/here/m/tools/fleet"));
        assert_eq!(moved.shown(&moved.run()), "/here/m/fleet/run");
        let default = layout(&[("HOME", "/h"), ("XDG_CONFIG_HOME", ""), ("XDG_RUNTIME_DIR", "/r")]);
        assert_ne!(moved.run_target(), default.run_target(), "two homes share no run directory");
        assert_eq!(default.run_target().as_deref(), Some(Path::new("/r/mosaic-fleet/run")));
    }
}
