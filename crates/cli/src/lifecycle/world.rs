//! What orders are carried out with.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_tmux::Server;

use super::ending;
use super::looking::Looking;
use crate::context::Context;
use crate::error::CommandError;

/// tmux answers in milliseconds, unless it hangs.
const TMUX_LIMIT: Duration = Duration::from_secs(5);

/// A fleet, and the tmux server that it has.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub(super) context: &'a Context,
    pub(super) roster: &'a Roster,
    server: Result<Server, String>,
}

impl<'a> World<'a> {
    /// Finds tmux; that it is not there matters only to those who need it.
    pub(super) fn new(context: &'a Context, roster: &'a Roster) -> Self {
        let server = context.server(roster).map(|server| server.with_timeout(TMUX_LIMIT));
        Self { context, roster, server: server.map_err(|error| error.to_string()) }
    }

    /// The fleet's tmux server.
    ///
    /// # Errors
    /// There is no tmux.
    pub(super) fn server(&self) -> Result<Server, CommandError> {
        Ok(self.context.server(self.roster)?.with_timeout(TMUX_LIMIT))
    }

    /// Looks what runs.
    pub(super) fn looking(&self) -> Looking<'a> {
        Looking::at(self.server.as_ref(), &self.context.run_directory)
    }

    /// Ends an agent that no unit runs.
    ///
    /// # Errors
    /// It has not ended; the text says why.
    pub(super) fn end(&self, agent: &AgentName, limit: Duration) -> Result<(), String> {
        ending::end(agent, self.server.as_ref().map_err(Clone::clone)?, &self.context.run_directory, limit)
    }
}
