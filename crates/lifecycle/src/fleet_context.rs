//! A fleet's paths and environment, and the connections that are opened from them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::{NoHome, env_var};
use mosaic_probe::{BadVariable, Depth, FleetLocation, ObservedFleet, Snapshot};
use mosaic_roster::{Roster, RosterError};
use mosaic_systemd::{ManagerError, UserManager};
use mosaic_tmux::{Server, TmuxError};

/// Environment variables and their values, as of the start of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

/// Where one fleet is, and the environment in which it was found. All paths are absolute.
#[derive(Clone, Debug)]
pub struct FleetContext {
    /// The fleet's paths, and the address of its systemd user manager.
    pub location: FleetLocation,
    /// All variables; `MOSAIC_HOME` has the value of `location.home`.
    pub environment: Environment,
}

/// The fleet cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// An environment variable has an invalid value.
    #[error(transparent)]
    Variable(#[from] BadVariable),
    /// The clocks or the boot id of this host cannot be read.
    #[error("cannot read /proc: {0}")]
    Proc(#[source] io::Error),
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<OsString> {
        self.0.get(OsString::from(name).as_os_str()).cloned()
    }

    /// The same environment with one variable set to another value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.insert(OsString::from(name), value.into());
        self
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl FleetContext {
    /// Finds a fleet. `roster` and `mosaic_home` are given on a command line and take precedence over the
    /// environment; relative paths are relative to `current_directory`.
    ///
    /// # Errors
    /// Neither `mosaic_home` nor the environment determines the fleet's home.
    pub fn new(
        roster: Option<&Path>,
        mosaic_home: Option<&Path>,
        environment: Environment,
        current_directory: &Path,
    ) -> Result<Self, NoHome> {
        let variable = |name: &str| environment.variable(name);
        let location = FleetLocation::resolve(roster, mosaic_home, variable, current_directory)?;
        let environment = environment.with(env_var::MOSAIC_HOME, location.home.path());
        Ok(Self { location, environment })
    }

    /// Loads the roster.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, or is invalid.
    pub fn roster(&self) -> Result<Roster, RosterError> {
        Roster::load(&self.location.roster_path)
    }

    /// Connects to the systemd user manager; each of its answers may take up to `timeout`.
    ///
    /// # Errors
    /// There is no user manager, or it does not answer.
    pub fn manager(&self, timeout: Duration) -> Result<UserManager, ManagerError> {
        UserManager::connect(&self.location.manager, timeout)
    }

    /// The fleet's tmux server.
    ///
    /// # Errors
    /// tmux is not installed.
    pub fn server(&self, roster: &Roster) -> Result<Server, TmuxError> {
        let program = mosaic_tmux::find_tmux(self.environment.variable(env_var::PATH).as_deref())?;
        Ok(Server::of_fleet(program, roster.tmux.socket_name.clone(), self.location.run_directory.path()))
    }

    /// Observes the fleet once. A source that cannot be read, the roster included, is in the snapshot
    /// with the reason.
    ///
    /// # Errors
    /// An environment variable has an invalid value, or `/proc` cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, ObserveError> {
        Ok(self.observe(Depth::Snapshot)?.snapshot)
    }

    /// Observes the fleet once, to the given depth.
    ///
    /// # Errors
    /// As [`FleetContext::snapshot`].
    pub fn observe(&self, depth: Depth) -> Result<ObservedFleet, ObserveError> {
        let target = Arc::new(self.location.target(|name| self.environment.variable(name))?);
        mosaic_probe::observe_once(&target, depth).map_err(ObserveError::Proc)
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, FleetContext};
    use std::path::Path;

    fn find(roster: Option<&str>, home: Option<&str>, variables: &[(&str, &str)]) -> FleetContext {
        let environment = variables.iter().copied().collect();
        FleetContext::new(roster.map(Path::new), home.map(Path::new), environment, Path::new("/here")).unwrap()
    }

    #[test]
    fn command_line_takes_precedence_over_the_environment() {
        let environment = [("HOME", "/h"), ("MOSAIC_HOME", "/m")];
        let by_environment = find(None, None, &environment);
        assert_eq!(by_environment.location.roster_path, Path::new("/m/fleet/roster.yaml"));
        let given = find(Some("/r.yaml"), Some("/given"), &environment);
        assert_eq!(given.location.home.path(), Path::new("/given"));
        assert_eq!(given.location.roster_path, Path::new("/r.yaml"));
        assert_eq!(given.location.run_directory.path(), Path::new("/given/fleet/run"));
        assert_eq!(given.environment.variable("MOSAIC_HOME").unwrap(), "/given");
    }

    #[test]
    fn relative_paths_become_absolute() {
        let given = find(Some("r.yaml"), Some("home"), &[("MOSAIC_HEARTBEAT_RUN_DIR", "beats")]);
        assert_eq!(given.location.roster_path, Path::new("/here/r.yaml"));
        assert_eq!(given.location.home.path(), Path::new("/here/home"));
        assert_eq!(given.location.run_directory.path(), Path::new("/here/beats"));
    }

    #[test]
    fn a_fleet_without_a_home_is_an_error() {
        assert!(FleetContext::new(None, None, Environment::default(), Path::new("/here")).is_err());
    }
}
