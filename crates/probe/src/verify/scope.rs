//! What a verification is about.

use mosaic_domain::AgentName;

/// Which agents, and how strictly.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// These agents of the roster; nothing for all of them.
    pub agents: Option<Vec<AgentName>>,
    /// Also what is only advisable otherwise is required.
    pub strict: bool,
}

impl Scope {
    pub(super) fn has(&self, agent: &str) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.iter().any(|name| name.as_str() == agent))
    }
}
