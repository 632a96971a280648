//! The paths of an installation.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, FleetPaths, MosaicHome, NoHome, env_var};
use mosaic_roster::DROP_IN_FILE_NAME;
use mosaic_systemd::UnitName;

use crate::run_directory::runtime_run_directory;

/// The absolute paths of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    fleet_paths: FleetPaths,
    user_home: PathBuf,
    config_home: PathBuf,
    runtime_directory: Option<PathBuf>,
}

impl Layout {
    /// Derives the paths from the fleet's home and the environment variables that `variable` looks up.
    ///
    /// As in the XDG specification, an empty or relative `XDG_…` variable counts as unset. A relative home is
    /// relative to `current_directory`.
    ///
    /// # Errors
    /// `HOME` is not set to an absolute path.
    pub fn new(
        home: &MosaicHome,
        variable: impl Fn(&str) -> Option<OsString>,
        current_directory: &Path,
    ) -> Result<Self, NoHome> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user_home = absolute(env_var::HOME).ok_or(NoHome)?;
        Ok(Self {
            fleet_paths: FleetPaths::new(current_directory.join(home.path())),
            config_home: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| user_home.join(".config")),
            runtime_directory: absolute("XDG_RUNTIME_DIR"),
            user_home,
        })
    }

    /// `MOSAIC_HOME`: the directory of the fleet's files.
    #[must_use]
    pub fn mosaic_home(&self) -> &Path {
        self.fleet_paths.home()
    }

    /// The home directory of the user.
    #[must_use]
    pub fn user_home(&self) -> &Path {
        &self.user_home
    }

    /// Whether the fleet's home is `~/.config/mosaic`, the default of the shipped units.
    #[must_use]
    pub fn has_default_home(&self) -> bool {
        self.mosaic_home() == self.user_home.join(".config/mosaic")
    }

    /// The directory of the roster and of the fleet's state, with mode 0700.
    #[must_use]
    pub fn fleet(&self) -> PathBuf {
        self.fleet_paths.fleet()
    }

    /// The directory of agents' env files.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.fleet_paths.agents()
    }

    /// The env file of an agent.
    #[must_use]
    pub fn env_file(&self, agent: &AgentName) -> PathBuf {
        self.fleet_paths.agent_env(agent)
    }

    /// The record that an agent was stopped on request.
    #[must_use]
    pub fn stop_record(&self, agent: &AgentName) -> PathBuf {
        self.fleet_paths.stop_record(agent)
    }

    /// The log of an agent's ends.
    #[must_use]
    pub fn end_log(&self, agent: &AgentName) -> PathBuf {
        self.fleet_paths.agent_ends(agent)
    }

    /// The directories that only the fleet itself writes while it runs: what runtimes load to report, the messages, the
    /// records of stops, and the logs of ends.
    #[must_use]
    pub fn state_directories(&self) -> [PathBuf; 4] {
        let paths = &self.fleet_paths;
        [paths.reporters(), paths.outbox(), paths.stop_records(), paths.ends()]
    }

    /// The JSON Schema of the roster, beside the roster.
    #[must_use]
    pub fn schema(&self) -> PathBuf {
        self.fleet_paths.roster_schema()
    }

    /// The directory of the installed programs.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.fleet_paths.programs()
    }

    /// The directory of the compatibility scripts.
    #[must_use]
    pub fn compat_scripts(&self) -> PathBuf {
        self.fleet_paths.message_scripts()
    }

    /// `~/.local/bin`, the directory of links to the programs.
    #[must_use]
    pub fn links(&self) -> PathBuf {
        self.user_home.join(".local/bin")
    }

    /// The run directory, or the link to it.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.fleet_paths.run()
    }

    /// The previous run directory while its files are moved to the [target](Self::run_target).
    #[must_use]
    pub fn old_run(&self) -> PathBuf {
        self.fleet_paths.old_run()
    }

    /// The run directory in `$XDG_RUNTIME_DIR`, to which [`run`](Self::run) links; `None` if the variable is not set.
    #[must_use]
    pub fn run_target(&self) -> Option<PathBuf> {
        let home = (!self.has_default_home()).then_some(self.mosaic_home());
        Some(runtime_run_directory(self.runtime_directory.as_deref()?, home))
    }

    /// `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.runtime_directory.as_deref()
    }

    /// The directory of the user's units.
    #[must_use]
    pub fn units(&self) -> PathBuf {
        self.config_home.join("systemd/user")
    }

    /// The generated drop-in of a unit.
    #[must_use]
    pub fn drop_in(&self, unit: &UnitName) -> PathBuf {
        self.units().join(format!("{unit}.d")).join(DROP_IN_FILE_NAME)
    }

    /// Whether the path is a generated drop-in.
    pub(crate) fn is_drop_in(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == DROP_IN_FILE_NAME) && path.starts_with(self.units())
    }

    /// The file of the [`Manifest`](crate::Manifest).
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.fleet_paths.install_manifest()
    }

    /// The file of the [`FleetLock`](crate::FleetLock).
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.fleet_paths.fleet_lock()
    }

    /// Formats a path for messages, with `~` for the user's home.
    #[must_use]
    pub fn display(&self, path: &Path) -> String {
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
    fn the_paths_follow_the_xdg_variables() {
        let usual = layout(&[("HOME", "/h")]);
        assert!(usual.has_default_home());
        assert_eq!(usual.units(), Path::new("/h/.config/systemd/user"));
        assert_eq!(usual.run_target(), None);
        assert_eq!(usual.display(&usual.run()), "~/.config/mosaic/fleet/run");

        let moved =
            layout(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_RUNTIME_DIR", "/r"), ("MOSAIC_HOME", "m")]);
        assert!(!moved.has_default_home());
        assert_eq!(moved.units(), Path::new("/c/systemd/user"));
        assert_eq!(moved.tools(), Path::new("/here/m/tools/fleet"));
        assert_eq!(moved.display(&moved.run()), "/here/m/fleet/run");
        let default = layout(&[("HOME", "/h"), ("XDG_CONFIG_HOME", ""), ("XDG_RUNTIME_DIR", "/r")]);
        assert_ne!(moved.run_target(), default.run_target(), "every home has its own run directory");
        assert_eq!(default.run_target().as_deref(), Some(Path::new("/r/mosaic-fleet/run")));
    }
}
