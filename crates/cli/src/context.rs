//! What every command works with: the fleet, and the style of standard output.

use std::path::PathBuf;

use mosaic_lifecycle::FleetContext;
use mosaic_probe::{Depth, ObservedFleet, Scope, Snapshot, Verification};
use mosaic_roster::Roster;
use mosaic_tmux::Server;

pub(crate) use mosaic_lifecycle::Environment;

use crate::error::CommandError;
use crate::grammar::PathArgs;
use crate::view::Style;

/// The fleet that a command line is about. Its methods are those of [`FleetContext`], with the errors of a
/// command.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The fleet's paths and environment.
    pub(crate) fleet: FleetContext,
    /// The width and colors of standard output.
    pub(crate) style: Style,
}

impl Context {
    /// Finds the fleet. The command line takes precedence over the environment.
    ///
    /// # Errors
    /// The fleet's home cannot be determined, or there is no current directory.
    pub(crate) fn new(paths: &PathArgs, environment: Environment) -> Result<Self, CommandError> {
        let current_directory = std::env::current_dir()
            .map_err(|source| CommandError::io("find the current directory", PathBuf::from("."), source))?;
        let (roster, mosaic_home) = (paths.roster.as_deref(), paths.mosaic_home.as_deref());
        let fleet = FleetContext::new(roster, mosaic_home, environment, &current_directory)?;
        let style = Style::for_stdout(|name| fleet.environment.variable(name));
        Ok(Self { fleet, style })
    }

    /// Loads the roster.
    ///
    /// # Errors
    /// As [`FleetContext::roster`].
    pub(crate) fn roster(&self) -> Result<Roster, CommandError> {
        Ok(self.fleet.roster()?)
    }

    /// The fleet's tmux server.
    ///
    /// # Errors
    /// As [`FleetContext::server`].
    pub(crate) fn server(&self, roster: &Roster) -> Result<Server, CommandError> {
        Ok(self.fleet.server(roster)?)
    }

    /// Observes the fleet once.
    ///
    /// # Errors
    /// As [`FleetContext::snapshot`].
    pub(crate) fn snapshot(&self) -> Result<Snapshot, CommandError> {
        Ok(self.fleet.snapshot()?)
    }

    /// Observes the fleet once, and verifies it.
    ///
    /// # Errors
    /// As [`FleetContext::observe`].
    pub(crate) fn verify(&self, scope: &Scope) -> Result<Verification, CommandError> {
        Ok(self.observe(Depth::Verify)?.verify(scope))
    }

    /// Observes the fleet once, to the given depth.
    ///
    /// # Errors
    /// As [`FleetContext::observe`].
    pub(crate) fn observe(&self, depth: Depth) -> Result<ObservedFleet, CommandError> {
        Ok(self.fleet.observe(depth)?)
    }
}
