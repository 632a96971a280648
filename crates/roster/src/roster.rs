//! The roster: which agents there should be, and how.

use std::collections::BTreeMap;
use std::path::Path;

use mosaic_domain::{AgentName, RuntimeName};

use crate::reader;
use crate::{
    Agent, AgentSettings, Class, Defaults, OrchestratorRule, RosterError, RosterWarning, RuntimeSection, TmuxSection,
};

/// A roster that was read and found to make sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// The fleet's tmux server.
    pub tmux: TmuxSection,
    /// What holds for agents that do not say otherwise.
    pub defaults: Defaults,
    /// What the file says of runtimes, by name.
    pub runtimes: BTreeMap<RuntimeName, RuntimeSection>,
    /// The agents, in the file's order.
    pub agents: Vec<Agent>,
}

impl Roster {
    /// The runtimes that need no entry in the file.
    pub const BUILT_IN_RUNTIMES: [&str; 4] = ["claude", "codex", "opencode", "pi"];

    /// Reads a roster's text; `path` is named in errors.
    ///
    /// # Errors
    /// The text is no roster. The error's text is the whole message: place, snippet, what was
    /// expected and what to do.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RosterError> {
        reader::parse(text, path).map(|(roster, _)| roster)
    }

    /// Reads a roster's file.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is no roster.
    pub fn load(path: &Path) -> Result<Self, RosterError> {
        reader::load(path)
    }

    /// The program an agent is: its own, else the fleet's default, else the launcher's.
    #[must_use]
    pub fn runtime_of(&self, agent: &Agent) -> RuntimeName {
        agent.runtime.as_ref().or(self.defaults.runtime.as_ref()).cloned().unwrap_or_default()
    }

    /// The agent of this name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name.as_str() == name)
    }

    /// The names most like this one, best first, at most three.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&AgentName> {
        let names = crate::nearest::ranked(name, self.agents.iter().map(|agent| agent.name.as_str()));
        names.into_iter().filter_map(|name| self.agent(name)).map(|agent| &agent.name).take(3).collect()
    }

    /// What holds for an agent, with defaults applied.
    #[must_use]
    pub fn settings(&self, agent: &Agent) -> AgentSettings {
        AgentSettings::new(self, agent)
    }

    /// What is allowed, but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<RosterWarning> {
        RosterWarning::of(self)
    }

    /// The agents of class orchestrator.
    #[must_use]
    pub fn orchestrators(&self) -> Vec<&Agent> {
        self.agents.iter().filter(|agent| agent.class == Class::Orchestrator).collect()
    }

    /// Is there exactly one orchestrator? A fleet of at most one agent may be without.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn check_orchestrator_rule(&self) -> Result<(), OrchestratorRule> {
        OrchestratorRule::check(self)
    }
}
