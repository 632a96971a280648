//! Arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use mosaic_domain::AgentName;
use mosaic_roster::Roster;

use crate::error::CommandError;

/// The options that select the fleet.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct PathArgs {
    /// The roster file [default: fleet/roster.yaml in the fleet's home]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) roster: Option<PathBuf>,

    // A doc comment would need backticks for the variable, and a terminal shows backticks.
    #[arg(help = "The fleet's home directory [default: $MOSAIC_HOME or ~/.config/mosaic]")]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) mosaic_home: Option<PathBuf>,
}

/// The option `--json`.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonArg {
    /// Print JSON
    #[arg(id = "json", long)]
    pub(crate) enabled: bool,
}

/// Some agents of the roster, or all of them.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedAgents {
    /// The agents [default: all agents of the roster]
    #[arg(value_name = "AGENT")]
    agents: Vec<AgentName>,
}

impl NamedAgents {
    /// The names as they were typed.
    pub(crate) fn as_typed(&self) -> &[AgentName] {
        &self.agents
    }

    /// Whether any agent was named.
    pub(crate) fn is_any(&self) -> bool {
        !self.agents.is_empty()
    }

    /// The named agents without duplicates; `None` if no agent was named.
    ///
    /// # Errors
    /// An agent is not in the roster.
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
    /// The named agent.
    ///
    /// # Errors
    /// The agent is not in the roster.
    pub(crate) fn checked(&self, roster: &Roster) -> Result<&AgentName, CommandError> {
        check_agent(&self.agent, roster)?;
        Ok(&self.agent)
    }
}

/// Checks that an agent is in the roster.
///
/// # Errors
/// It is not; the error has the names most similar to it.
pub(crate) fn check_agent(agent: &AgentName, roster: &Roster) -> Result<(), CommandError> {
    if roster.agent(agent.as_str()).is_some() { Ok(()) } else { Err(unknown_agent(agent, roster)) }
}

/// The error for an agent that is not in the roster.
pub(crate) fn unknown_agent(agent: &AgentName, roster: &Roster) -> CommandError {
    let nearest = roster.similar_names(agent.as_str()).into_iter().map(ToString::to_string).collect();
    CommandError::UnknownAgent { name: agent.clone(), nearest }
}
