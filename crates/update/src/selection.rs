//! The runtimes and agents that an update is limited to. Pure.

use mosaic_domain::AgentName;
use mosaic_roster::{AgentSettings, Roster, similar_words};

use crate::runtime_program::{RuntimeProgram, RuntimePrograms};
use crate::update_error::UpdateError;

/// Runtimes and agents selected by name; without any name, all agents of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Whether any name was given.
    explicit: bool,
    runtimes: Vec<String>,
    agents: Vec<AgentName>,
}

impl Selection {
    /// Parses names. A name of both a runtime and an agent selects the runtime.
    ///
    /// # Errors
    /// A name is neither a runtime nor an agent.
    pub(crate) fn parse(names: &[String], roster: &Roster, known: &RuntimePrograms) -> Result<Self, UpdateError> {
        let mut selection = Self { explicit: !names.is_empty(), runtimes: Vec::new(), agents: Vec::new() };
        for name in names {
            let is_used = || roster.agents.iter().any(|agent| roster.settings(agent).runtime.as_str() == name);
            if known.named(name).is_some() || is_used() {
                selection.runtimes.push(name.clone());
            } else if let Some(agent) = roster.agent(name) {
                selection.agents.push(agent.name.clone());
            } else {
                return Err(UpdateError::UnknownName { name: name.clone(), nearest: nearest(name, roster, known) });
            }
        }
        Ok(selection)
    }

    /// Whether an agent is selected, by its name or by its runtime.
    pub(crate) fn includes(&self, agent: &AgentSettings) -> bool {
        !self.explicit || self.agents.contains(&agent.name) || self.has_runtime(agent.runtime.as_str())
    }

    /// Whether runtimes or agents were selected by name.
    pub(crate) fn is_explicit(&self) -> bool {
        self.explicit
    }

    /// The runtimes that were selected by name and whose program is known.
    pub(crate) fn runtimes<'a>(&'a self, known: &'a RuntimePrograms) -> impl Iterator<Item = &'a RuntimeProgram> {
        known.iter().filter(|runtime| self.has_runtime(&runtime.name))
    }

    /// The names, for a command that repeats this selection.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.runtimes.iter().map(String::as_str).chain(self.agents.iter().map(AgentName::as_str))
    }

    fn has_runtime(&self, name: &str) -> bool {
        self.runtimes.iter().any(|runtime| runtime == name)
    }
}

fn nearest(given: &str, roster: &Roster, known: &RuntimePrograms) -> Vec<String> {
    let runtimes = similar_words(given, known.iter().map(|runtime| runtime.name.as_str()));
    runtimes
        .into_iter()
        .map(str::to_owned)
        .chain(roster.similar_names(given).into_iter().map(ToString::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Selection;
    use crate::runtime_program::tests::programs;
    use crate::update_error::UpdateError;
    use mosaic_roster::Roster;
    use std::path::Path;

    fn roster() -> Roster {
        let agent =
            |name: &str, runtime: &str| format!("  - {{ name: {name}, runtime: {runtime}, class: reviewer }}\n");
        let agents = [("a", "pi"), ("b", "codex"), ("c", "mine"), ("pi", "codex")].map(|(name, of)| agent(name, of));
        let head = "version: 1\ntransport: tmux\nruntimes:\n  mine: { command: x }\nagents:\n";
        Roster::parse(&(head.to_owned() + &agents.concat()), Path::new("r.yaml")).unwrap()
    }

    #[test]
    fn names_select_runtimes_and_agents() {
        let roster = roster();
        let known = programs(&[("crab", "{program: crab-cli, updater: {arguments: [update]}}")]);
        let table: [(&[&str], &[&str], &[&str]); 7] = [
            (&[], &["a", "b", "c", "pi"], &[]),
            (&["pi"], &["a"], &["pi"]),
            (&["b"], &["b"], &[]),
            (&["mine", "a", "a"], &["a", "c"], &[]),
            (&["codex", "a"], &["a", "b", "pi"], &["codex"]),
            (&["claude"], &[], &["claude"]),
            (&["crab"], &[], &["crab"]),
        ];
        for (words, agents, runtimes) in table {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            let selection = Selection::parse(&words, &roster, &known).unwrap();
            let settings: Vec<_> = roster.agents.iter().map(|agent| roster.settings(agent)).collect();
            let chosen: Vec<&str> =
                settings.iter().filter(|agent| selection.includes(agent)).map(|agent| agent.name.as_str()).collect();
            assert_eq!(chosen, agents, "{words:?}");
            assert_eq!(
                selection.runtimes(&known).map(|known| known.name.as_str()).collect::<Vec<_>>(),
                runtimes,
                "{words:?}"
            );
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_suggestions() {
        let error = Selection::parse(&["cdoex".to_owned()], &roster(), &programs(&[])).unwrap_err();
        assert!(matches!(error, UpdateError::UnknownName { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("neither a runtime nor an agent of the roster; did you mean codex"), "{text}");
    }
}
