//! What was asked for: pure.

use mosaic_domain::AgentName;
use mosaic_roster::{AgentSettings, Roster};

use crate::error::CommandError;
use crate::runtime::{PROFILES, Profile};

/// Runtimes and agents, as they were named; all of the roster if nothing was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// Was anything named?
    named: bool,
    runtimes: Vec<String>,
    agents: Vec<AgentName>,
}

impl Selection {
    /// Reads the words. One that is a runtime and an agent is the runtime.
    ///
    /// # Errors
    /// One is neither.
    pub(super) fn of(words: &[String], roster: &Roster) -> Result<Self, CommandError> {
        let mut selection = Self { named: !words.is_empty(), runtimes: Vec::new(), agents: Vec::new() };
        for word in words {
            let is_used = || roster.agents.iter().any(|agent| roster.settings(agent).runtime.as_str() == word);
            if Profile::of(word).is_some() || is_used() {
                selection.runtimes.push(word.clone());
            } else if let Some(agent) = roster.agent(word) {
                selection.agents.push(agent.name.clone());
            } else {
                return Err(unknown(word, roster));
            }
        }
        Ok(selection)
    }

    /// Is it about this agent?
    pub(super) fn has(&self, agent: &AgentSettings) -> bool {
        !self.named || self.agents.contains(&agent.name) || self.names_runtime(agent.runtime.as_str())
    }

    /// Was something named, rather than everything meant?
    pub(super) fn is_named(&self) -> bool {
        self.named
    }

    /// The runtimes that were named and are known.
    pub(super) fn profiles(&self) -> impl Iterator<Item = &'static Profile> + '_ {
        PROFILES.iter().filter(|profile| self.names_runtime(profile.name))
    }

    /// As they were typed, for the same command once more.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.runtimes.iter().map(String::as_str).chain(self.agents.iter().map(AgentName::as_str))
    }

    fn names_runtime(&self, name: &str) -> bool {
        self.runtimes.iter().any(|runtime| runtime == name)
    }
}

fn unknown(word: &str, roster: &Roster) -> CommandError {
    let runtimes =
        PROFILES.iter().map(|profile| profile.name).filter(|name| strsim::damerau_levenshtein(word, name) < 3);
    let agents = roster.nearest(word).into_iter().map(AgentName::as_str);
    let nearest: Vec<&str> = runtimes.chain(agents).collect();
    let meant = if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) };
    CommandError::Usage(format!("'{}' is neither a runtime nor an agent of the roster{meant}", word.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::Selection;
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
    fn runtimes_and_agents_are_named_side_by_side() {
        let roster = roster();
        let table: [(&[&str], &[&str], &[&str]); 6] = [
            (&[], &["a", "b", "c", "pi"], &[]),
            (&["pi"], &["a"], &["pi"]),
            (&["b"], &["b"], &[]),
            (&["mine", "a", "a"], &["a", "c"], &[]),
            (&["codex", "a"], &["a", "b", "pi"], &["codex"]),
            (&["claude"], &[], &["claude"]),
        ];
        for (words, agents, runtimes) in table {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            let selection = Selection::of(&words, &roster).unwrap();
            let settings: Vec<_> = roster.agents.iter().map(|agent| roster.settings(agent)).collect();
            let chosen: Vec<&str> =
                settings.iter().filter(|agent| selection.has(agent)).map(|agent| agent.name.as_str()).collect();
            assert_eq!(chosen, agents, "{words:?}");
            assert_eq!(selection.profiles().map(|profile| profile.name).collect::<Vec<_>>(), runtimes, "{words:?}");
        }
    }

    #[test]
    fn a_word_that_is_neither_is_refused_with_what_was_meant() {
        let error = Selection::of(&["cdoex".to_owned()], &roster()).unwrap_err();
        assert_eq!(error.exit_code(), mosaic_domain::ExitCode::Usage);
        let said = error.to_string();
        assert!(said.contains("neither a runtime nor an agent of the roster; did you mean codex"), "{said}");
    }
}
