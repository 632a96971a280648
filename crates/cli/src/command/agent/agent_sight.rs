//! A look at an agent's pane, and the means to press keys in it.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_tmux::{CapturedPane, PaneTarget, PaneInput};

use crate::error::CommandError;
use crate::mail::Office;

/// Looks at the agent's pane.
///
/// # Errors
/// The agent has no session, or tmux cannot be asked.
pub(super) fn agent_sight(
    office: &Office<'_>,
    roster: &Roster,
    agent: &AgentName,
) -> Result<(PaneInput, CapturedPane), CommandError> {
    let server = office.server(roster)?;
    let no_session = || CommandError::NoSession { agent: agent.clone(), socket: server.socket().clone() };
    let found = server.find_pane(&PaneTarget::agent(agent))?.ok_or_else(no_session)?;
    let typist = server.pane_input(found.id, 0);
    let sight = typist.capture(Duration::ZERO)?.ok_or_else(no_session)?;
    Ok((typist, sight))
}
