//! What a roster may say, but probably does not mean.

use mosaic_domain::AgentName;

use crate::{Class, OrchestratorRule, Roster};

/// Something that is allowed, but probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterWarning {
    /// A class that is not in the role library.
    #[error(
        "agent {agent} has the class '{class}', which is not in the role library{}",
        .nearest.as_ref().map(|class| format!("; did you mean '{class}'?")).unwrap_or_default()
    )]
    UnknownClass {
        /// Whose.
        agent: AgentName,
        /// As it is in the roster.
        class: String,
        /// The most similar one of the library.
        nearest: Option<Class>,
    },
    /// There is not exactly one orchestrator.
    #[error(transparent)]
    Orchestrators(#[from] OrchestratorRule),
    /// There is nobody.
    #[error("there are no agents: add one with `mosaic fleet add NAME --runtime RUNTIME --class CLASS`")]
    NoAgents,
}

impl RosterWarning {
    pub(crate) fn of(roster: &Roster) -> Vec<Self> {
        let mut warnings = Vec::new();
        if roster.agents.is_empty() {
            warnings.push(Self::NoAgents);
        }
        warnings.extend(roster.check_orchestrator_rule().err().map(Self::from));
        warnings.extend(roster.agents.iter().filter_map(|agent| {
            match &agent.class {
                Class::Other(class) => Some(Self::UnknownClass {
                    agent: agent.name.clone(),
                    class: class.clone(),
                    nearest: crate::nearest::nearest(class, Class::KNOWN.iter().map(Class::as_str))
                        .and_then(|name| name.parse().ok()),
                }),
                _ => None,
            }
        }));
        warnings
    }
}
