//! The rule that somebody, and only one, hands out the work.

use mosaic_domain::AgentName;

use crate::Roster;

/// How a roster breaks the rule that a fleet has exactly one orchestrator.
///
/// A fleet of one agent, or of none, may be without: there is no work to hand out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrchestratorRule {
    /// There is none.
    #[error("none of the {agents} agents is an orchestrator: give exactly one of them `class: orchestrator`")]
    Missing {
        /// How many agents there are.
        agents: usize,
    },
    /// There are several.
    #[error("{} are orchestrators: exactly one agent may have `class: orchestrator`", list(.names))]
    Several {
        /// Which.
        names: Vec<AgentName>,
    },
}

impl OrchestratorRule {
    pub(crate) fn check(roster: &Roster) -> Result<(), Self> {
        match roster.orchestrators().as_slice() {
            [_] => Ok(()),
            [] if roster.agents.len() <= 1 => Ok(()),
            [] => Err(Self::Missing { agents: roster.agents.len() }),
            several => Err(Self::Several { names: several.iter().map(|agent| agent.name.clone()).collect() }),
        }
    }
}

fn list(names: &[AgentName]) -> String {
    let names: Vec<&str> = names.iter().map(AgentName::as_str).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}
