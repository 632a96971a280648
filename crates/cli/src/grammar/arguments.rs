//! Agents that are named on the command line.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_roster::Roster;

use crate::error::CommandError;

/// Some agents of the roster, or all of them.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedAgents {
    /// The agents; all of the roster if none is named
    #[arg(value_name = "AGENT")]
    agents: Vec<AgentName>,
}

impl NamedAgents {
    /// The agents as they were named.
    pub(crate) fn as_typed(&self) -> &[AgentName] {
        &self.agents
    }

    /// Was any agent named?
    pub(crate) fn is_any(&self) -> bool {
        !self.agents.is_empty()
    }

    /// The agents that were named, each once; `None` if none was.
    ///
    /// # Errors
    /// One of them is not in the roster.
    pub(crate) fn checked(&self, roster: &Roster) -> Result<Option<Vec<AgentName>>, CommandError> {
        let mut agents: Vec<AgentName> = Vec::new();
        for agent in &self.agents {
            check_agent(agent, roster)?;
            if !agents.contains(agent) {
                agents.push(agent.clone());
            }
        }
        Ok(Some(agents).filter(|agents| !agents.is_empty()))
    }
}

/// One agent of the roster.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedAgent {
    /// The agent
    #[arg(value_name = "AGENT")]
    agent: AgentName,
}

impl NamedAgent {
    /// The agent that was named.
    ///
    /// # Errors
    /// It is not in the roster.
    pub(crate) fn checked(&self, roster: &Roster) -> Result<&AgentName, CommandError> {
        check_agent(&self.agent, roster)?;
        Ok(&self.agent)
    }
}

/// Is it an agent of the roster?
///
/// # Errors
/// It is not.
pub(crate) fn check_agent(agent: &AgentName, roster: &Roster) -> Result<(), CommandError> {
    if roster.agent(agent.as_str()).is_some() {
        return Ok(());
    }
    let nearest = roster.nearest(agent.as_str()).into_iter().map(ToString::to_string).collect();
    Err(CommandError::UnknownAgent { name: agent.clone(), nearest })
}
