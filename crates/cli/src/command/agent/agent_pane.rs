//! Finds the pane of an agent that a command is about.

use std::time::Duration;

use mosaic_delivery::MessageSender;
use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_tmux::{CapturedPane, PaneId, PaneInput, PaneTarget, Server};

use crate::context::Context;
use crate::error::CommandError;

/// How long tmux may take. It answers in milliseconds unless it hangs, and a person waits at the terminal.
const TMUX_TIMEOUT: Duration = Duration::from_secs(3);

/// Returns the fleet's tmux server, and the agent's pane on it.
///
/// # Errors
/// The agent has no session, or tmux fails.
pub(super) fn find_pane(
    context: &Context,
    roster: &Roster,
    agent: &AgentName,
) -> Result<(Server, PaneId), CommandError> {
    let server = context.server(roster)?.with_timeout(TMUX_TIMEOUT);
    server.check_version()?;
    let panes = server.agent_panes(agent)?;
    let pane = panes.and_then(|panes| panes.first().map(|pane| pane.id));
    let pane = pane.ok_or_else(|| no_session(agent, &server))?;
    Ok((server, pane))
}

/// Captures the agent's pane, and returns the capture with the means to press keys in the pane.
///
/// # Errors
/// The agent has no session, or tmux fails.
pub(super) fn capture_pane(
    sender: &MessageSender,
    roster: &Roster,
    agent: &AgentName,
) -> Result<(PaneInput, CapturedPane), CommandError> {
    let server = sender.server(roster)?;
    let pane = server.find_pane(&PaneTarget::agent(agent))?.ok_or_else(|| no_session(agent, &server))?;
    let typist = server.pane_input(pane.id, 0);
    let capture = typist.capture(Duration::ZERO)?.ok_or_else(|| no_session(agent, &server))?;
    Ok((typist, capture))
}

fn no_session(agent: &AgentName, server: &Server) -> CommandError {
    CommandError::NoSession { agent: agent.clone(), socket: server.socket().clone() }
}
