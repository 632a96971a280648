//! The session of an agent that a command is about.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_tmux::{PaneId, Server};

use crate::context::Context;
use crate::error::CommandError;

/// Somebody waits at a terminal, and tmux answers in milliseconds unless it hangs.
const PATIENCE: Duration = Duration::from_secs(3);

/// The fleet's tmux server, and the agent's pane on it.
///
/// # Errors
/// The agent has no session, or tmux cannot be asked.
pub(super) fn session(context: &Context, roster: &Roster, agent: &AgentName) -> Result<(Server, PaneId), CommandError> {
    let server = context.server(roster)?.with_timeout(PATIENCE);
    server.check_version()?;
    let panes = server.agent_panes(agent)?;
    let no_session = || CommandError::NoSession { agent: agent.clone(), socket: server.socket().clone() };
    let pane = panes.and_then(|panes| panes.first().map(|pane| pane.id)).ok_or_else(no_session)?;
    Ok((server, pane))
}
