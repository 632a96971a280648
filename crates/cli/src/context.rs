//! What a command works with: where the fleet is, and who can be asked. The environment is read
//! here and nowhere else.

mod environment;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::MosaicHome;
use mosaic_heartbeat::RunDirectory;
use mosaic_probe::{Depth, Look, Scope, Snapshot, Verification};
use mosaic_roster::Roster;
use mosaic_systemd::{ManagerAddress, UserManager};
use mosaic_tmux::Server;

pub(crate) use environment::Environment;

use crate::error::CommandError;
use crate::grammar::Places;
use crate::view::Style;

/// Where the fleet is, and what is known of this process's surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The fleet's home, absolute.
    pub(crate) home: MosaicHome,
    /// The roster's file, absolute.
    pub(crate) roster_path: PathBuf,
    /// Where heartbeats are, absolute.
    pub(crate) run_directory: RunDirectory,
    /// Where the user manager is.
    pub(crate) manager_address: ManagerAddress,
    /// All variables; `MOSAIC_HOME` is what was given on the command line, if it was.
    pub(crate) environment: Environment,
    /// How standard output may look.
    pub(crate) style: Style,
}

impl Context {
    /// Finds the places.
    ///
    /// # Errors
    /// Nothing says where the fleet's home is, or there is no current directory to count from.
    pub(crate) fn new(places: &Places, environment: Environment) -> Result<Self, CommandError> {
        let here = std::env::current_dir()
            .map_err(|source| CommandError::io("find the current directory", PathBuf::from("."), source))?;
        let found = mosaic_probe::Places::find(
            places.roster.as_deref(),
            places.mosaic_home.as_deref(),
            |name| environment.variable(name),
            &here,
        )?;
        let mosaic_probe::Places { home, roster_path, run_directory, manager: manager_address } = found;
        let environment = environment.with("MOSAIC_HOME", home.path());
        let style = Style::for_stdout(|name| environment.variable(name));
        Ok(Self { home, roster_path, run_directory, manager_address, environment, style })
    }

    /// The roster.
    ///
    /// # Errors
    /// There is none, or it makes no sense.
    pub(crate) fn roster(&self) -> Result<Roster, CommandError> {
        Ok(Roster::load(&self.roster_path)?)
    }

    /// The user manager, asked with this patience.
    ///
    /// # Errors
    /// There is none, or it does not answer.
    pub(crate) fn manager(&self, limit: Duration) -> Result<UserManager, CommandError> {
        Ok(UserManager::connect(&self.manager_address, limit)?)
    }

    /// The fleet's tmux server.
    ///
    /// # Errors
    /// There is no tmux on this host.
    pub(crate) fn server(&self, roster: &Roster) -> Result<Server, CommandError> {
        let program = mosaic_tmux::find_program(self.environment.variable("PATH").as_deref())?;
        Ok(Server::new(program, roster.tmux.socket_name.clone()))
    }

    /// Looks at everything once. What cannot be looked at is in the snapshot, with the reason; a
    /// roster that cannot be read is a source like the others.
    ///
    /// # Errors
    /// A variable has a value that cannot be used, or the clocks of this host cannot be read.
    pub(crate) fn look(&self) -> Result<Snapshot, CommandError> {
        Ok(self.look_to(Depth::Usual)?.snapshot)
    }

    /// Looks at everything once, and checks it.
    ///
    /// # Errors
    /// As [`Context::look`].
    pub(crate) fn verify(&self, scope: &Scope) -> Result<Verification, CommandError> {
        Ok(self.look_to(Depth::Verify)?.verify(scope))
    }

    /// Looks at everything once, as closely as that.
    ///
    /// # Errors
    /// As [`Context::look`].
    pub(crate) fn look_to(&self, depth: Depth) -> Result<Look, CommandError> {
        let places = mosaic_probe::Places {
            home: self.home.clone(),
            roster_path: self.roster_path.clone(),
            run_directory: self.run_directory.clone(),
            manager: self.manager_address.clone(),
        };
        let target = Arc::new(places.target(|name| self.environment.variable(name))?);
        mosaic_probe::look(&target, depth).map_err(|source| CommandError::io("read", "/proc", source))
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Environment};
    use crate::grammar::Places;
    use std::path::{Path, PathBuf};

    fn context(places: &Places, variables: &[(&str, &str)]) -> Context {
        Context::new(places, variables.iter().copied().collect()).unwrap()
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let environment = [("HOME", "/h"), ("MOSAIC_HOME", "/m")];
        let by_environment = context(&Places::default(), &environment);
        assert_eq!(by_environment.roster_path, Path::new("/m/fleet/roster.yaml"));
        let places = Places { roster: Some(PathBuf::from("/r.yaml")), mosaic_home: Some(PathBuf::from("/given")) };
        let given = context(&places, &environment);
        assert_eq!(given.home.path(), Path::new("/given"));
        assert_eq!(given.roster_path, Path::new("/r.yaml"));
        assert_eq!(given.run_directory.path(), Path::new("/given/fleet/run"));
        assert_eq!(given.environment.variable("MOSAIC_HOME").unwrap(), "/given");
    }

    #[test]
    fn places_are_absolute_so_that_no_program_takes_them_for_others() {
        let here = std::env::current_dir().unwrap();
        let places = Places { roster: Some(PathBuf::from("r.yaml")), mosaic_home: Some(PathBuf::from("home")) };
        let given = context(&places, &[("MOSAIC_HEARTBEAT_RUN_DIR", "beats")]);
        assert_eq!(given.roster_path, here.join("r.yaml"));
        assert_eq!(given.home.path(), here.join("home"));
        assert_eq!(given.run_directory.path(), here.join("beats"));
    }

    #[test]
    fn a_fleet_without_a_home_is_a_wrong_setting() {
        let error = Context::new(&Places::default(), Environment::default()).unwrap_err();
        assert_eq!(error.exit_code(), mosaic_domain::ExitCode::Configuration);
    }
}
