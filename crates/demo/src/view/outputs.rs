//! What the agents printed last.

use std::collections::BTreeMap;
use std::time::Duration;

use mosaic_domain::{AgentName, ProcessIdentity};
use mosaic_tmux::{PaneId, Server};

use super::evidence::Session;

/// The last line of each agent's pane, as of the last look.
#[derive(Debug)]
pub(crate) struct Outputs {
    server: Server,
    panes: BTreeMap<AgentName, (ProcessIdentity, PaneId)>,
    lines: BTreeMap<AgentName, (ProcessIdentity, String)>,
}

impl Outputs {
    /// The server is near and idle; one that does not answer shall not stop the demo.
    const LIMIT: Duration = Duration::from_secs(1);

    pub(crate) fn new(server: Server) -> Self {
        Self { server: server.with_timeout(Self::LIMIT), panes: BTreeMap::new(), lines: BTreeMap::new() }
    }

    /// The line of this process that was seen last; nothing of its predecessors.
    pub(crate) fn line(&self, agent: &AgentName, process: Option<ProcessIdentity>) -> String {
        let seen = self.lines.get(agent).filter(|(printed_by, _)| Some(*printed_by) == process);
        seen.map(|(_, line)| line.clone()).unwrap_or_default()
    }

    /// Looks at the pane of a process that is alive: one call to tmux, two for a new process.
    pub(crate) fn look(&mut self, agent: &AgentName, process: ProcessIdentity) {
        let line = match self.last_line(agent, process) {
            Ok(Some(line)) => line,
            // The session went or changed while we looked: the heartbeat will say so.
            Ok(None) => return,
            Err(error) => format!("(tmux: {error})"),
        };
        self.lines.insert(agent.clone(), (process, line));
    }

    fn last_line(
        &mut self,
        agent: &AgentName,
        process: ProcessIdentity,
    ) -> Result<Option<String>, mosaic_tmux::TmuxError> {
        let known = self.panes.get(agent).filter(|(known, _)| *known == process).map(|(_, pane)| *pane);
        let pane = if let Some(pane) = known {
            pane
        } else {
            let panes = self.server.agent_panes(agent)?.unwrap_or_default();
            let Some(pane) = panes.iter().find(|pane| pane.pid == process.pid) else { return Ok(None) };
            self.panes.insert(agent.clone(), (process, pane.id));
            pane.id
        };
        match self.server.last_lines(pane, 1) {
            Ok(lines) => Ok(Some(lines.last().cloned().unwrap_or_default())),
            Err(mosaic_tmux::TmuxError::CommandFailed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Is there a session of that name?
    pub(crate) fn session(&self, agent: &AgentName) -> Session {
        match self.server.agent_panes(agent) {
            Ok(Some(_)) => Session::Present,
            Ok(None) => Session::Absent,
            Err(error) => Session::Unreadable(error.to_string()),
        }
    }
}
