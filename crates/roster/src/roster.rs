//! The parsed roster, and the checks that concern the fleet as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use mosaic_domain::{AgentName, RuntimeName};

use crate::did_you_mean::{closest, similar_words};
use crate::load;
use crate::{Agent, AgentSettings, Class, Defaults, RosterError, RuntimeSection, TmuxSection};

/// A valid roster: the agents that this host should run, and their settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// The fleet's tmux server.
    pub tmux: TmuxSection,
    /// Settings of agents whose entries do not set them.
    pub defaults: Defaults,
    /// The section `runtimes`, by runtime name.
    pub runtimes: BTreeMap<RuntimeName, RuntimeSection>,
    /// The agents, in the order of the file.
    pub agents: Vec<Agent>,
}

impl Roster {
    /// The runtimes that need no entry in the section `runtimes`.
    pub const BUILT_IN_RUNTIMES: [&str; 9] =
        ["claude", "cline", "codex", "copilot", "gemini", "kimi", "opencode", "pi", "qwen"];

    /// Parses and validates the text of a roster; errors name `path` as its file.
    ///
    /// # Errors
    /// The text is not a valid roster. The error's text is a complete message: position, snippet, expected values
    /// and what to do.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RosterError> {
        load::parse(text, path).map(|(roster, _)| roster)
    }

    /// Reads the text of a roster file without parsing it.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, is no regular file of a bounded size, or is not UTF-8.
    pub fn read_text(path: &Path) -> Result<String, RosterError> {
        load::read_text(path)
    }

    /// Reads, parses and validates a roster file.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, or is not a valid roster.
    pub fn load(path: &Path) -> Result<Self, RosterError> {
        load::load(path)
    }

    /// The runtime of an agent: its own, else the fleet's default, else the launcher's default.
    #[must_use]
    pub fn runtime_of(&self, agent: &Agent) -> RuntimeName {
        agent.runtime.as_ref().or(self.defaults.runtime.as_ref()).cloned().unwrap_or_default()
    }

    /// The agent with this name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name.as_str() == name)
    }

    /// Up to three agent names similar to `name`, best match first.
    #[must_use]
    pub fn similar_names(&self, name: &str) -> Vec<&AgentName> {
        let names = similar_words(name, self.agents.iter().map(|agent| agent.name.as_str()));
        names.into_iter().filter_map(|name| self.agent(name)).map(|agent| &agent.name).take(3).collect()
    }

    /// The effective settings of an agent, with all defaults applied.
    #[must_use]
    pub fn settings(&self, agent: &Agent) -> AgentSettings {
        AgentSettings::new(self, agent)
    }

    /// Declarations that are valid but probably mistakes.
    #[must_use]
    pub fn warnings(&self) -> Vec<RosterWarning> {
        let mut warnings = Vec::new();
        if self.agents.is_empty() {
            warnings.push(RosterWarning::NoAgents);
        }
        warnings.extend(self.check_orchestrators().err().map(RosterWarning::from));
        warnings.extend(self.agents.iter().filter_map(|agent| match &agent.class {
            Class::Other(class) => Some(RosterWarning::UnknownClass {
                agent: agent.name.clone(),
                class: class.clone(),
                similar: closest(class, Class::KNOWN.iter().map(Class::as_str)).and_then(|name| name.parse().ok()),
            }),
            _ => None,
        }));
        warnings
    }

    /// The agents of class orchestrator.
    #[must_use]
    pub fn orchestrators(&self) -> Vec<&Agent> {
        self.agents.iter().filter(|agent| agent.class == Class::Orchestrator).collect()
    }

    /// Checks that the fleet has at most one orchestrator.
    ///
    /// # Errors
    /// The fleet has several orchestrators.
    pub fn check_orchestrators(&self) -> Result<(), SeveralOrchestrators> {
        match self.orchestrators().as_slice() {
            [] | [_] => Ok(()),
            several => Err(SeveralOrchestrators { names: several.iter().map(|agent| agent.name.clone()).collect() }),
        }
    }
}

/// More than one agent has the class orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} are orchestrators: only one agent can have `class: orchestrator`", enumerate(.names))]
pub struct SeveralOrchestrators {
    /// The names of these agents.
    pub names: Vec<AgentName>,
}

fn enumerate(names: &[AgentName]) -> String {
    let names: Vec<&str> = names.iter().map(AgentName::as_str).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// A declaration that is valid but probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterWarning {
    /// A class that is not in the role library.
    #[error(
        "agent {agent} has the class '{class}', which is not in the role library{}",
        .similar.as_ref().map(|class| format!("; did you mean '{class}'?")).unwrap_or_default()
    )]
    UnknownClass {
        /// The agent with this class.
        agent: AgentName,
        /// The class in the roster.
        class: String,
        /// The most similar class of the library.
        similar: Option<Class>,
    },
    /// The fleet has more than one orchestrator.
    #[error(transparent)]
    Orchestrators(#[from] SeveralOrchestrators),
    /// The list of agents is empty.
    #[error("the roster has no agents: add one with `mosaic fleet add NAME --runtime RUNTIME`")]
    NoAgents,
}
