//! From answers to a roster: pure.

use std::path::Path;

use mosaic_domain::RuntimeName;
use mosaic_roster::{EditError, Preset, Roster, RosterError, set_value};

use super::connector;

/// What was answered to the questions about one roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// The program of agents that name none.
    pub(super) runtime: String,
    /// Where agents start.
    pub(super) working_directory: String,
    /// The fleet's tmux socket.
    pub(super) socket: String,
    /// What the orchestrator is connected to; empty for nothing.
    pub(super) connector: String,
}

impl Answers {
    /// What a roster says, which is what its defaults are.
    pub(super) fn of(text: &str, roster: &Roster) -> Self {
        let directory = roster.defaults.working_directory.clone().or_else(|| roster.tmux.working_directory.clone());
        Self {
            runtime: roster.defaults.runtime.as_ref().map_or(RuntimeName::DEFAULT, RuntimeName::as_str).to_owned(),
            working_directory: directory.unwrap_or_else(|| "~".to_owned()),
            socket: roster.tmux.socket_name.as_str().to_owned(),
            connector: connector::of(text, roster).unwrap_or_default(),
        }
    }

    /// The roster's text with these answers: only what is otherwise in it changes.
    ///
    /// # Errors
    /// An answer makes no sense, or the text cannot be changed line by line.
    pub(super) fn apply(&self, text: &str, path: &Path) -> Result<String, EditError> {
        let roster = Roster::parse(text, path)?;
        let before = Self::of(text, &roster);
        let values: [(&[&str], &str, &str); 3] = [
            (&["defaults", "runtime"], &self.runtime, &before.runtime),
            (&["defaults", "working_directory"], &self.working_directory, &before.working_directory),
            (&["tmux", "socket_name"], &self.socket, &before.socket),
        ];
        let mut text = text.to_owned();
        for (key, wanted, there) in values {
            if wanted != there {
                text = set_value(&text, key, wanted, path)?;
            }
        }
        if self.connector != before.connector {
            text = connector::with(&text, &roster, &self.connector);
        }
        Ok(text)
    }
}

/// Would a roster take this value for this key? If not, why.
pub(super) fn check(key: &[&str], given: &str) -> Result<(), String> {
    match set_value(&Preset::Minimal.text(), key, given, Path::new("roster.yaml")).map(drop) {
        Err(EditError::InvalidResult { source, .. }) => Err(match *source {
            // Where in a file it is wrong says nothing to somebody who typed it.
            RosterError::Invalid(invalid) => invalid.problem,
            other => other.to_string(),
        }),
        checked => checked.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, check};
    use mosaic_roster::{Preset, Roster};
    use std::path::Path;

    fn path() -> &'static Path {
        Path::new("/r.yaml")
    }

    #[test]
    fn the_answers_of_a_roster_change_nothing_in_it() {
        for preset in Preset::ALL {
            let text = preset.text();
            let answers = Answers::of(&text, &Roster::parse(&text, path()).unwrap());
            assert_eq!(answers.apply(&text, path()).unwrap(), text, "{preset}");
        }
    }

    #[test]
    fn each_answer_changes_its_own_lines_and_is_the_default_of_the_next_time() {
        for preset in Preset::ALL {
            let text = preset.text();
            let roster = Roster::parse(&text, path()).unwrap();
            let has_orchestrator = !roster.orchestrators().is_empty();
            let answers = Answers {
                runtime: "codex".to_owned(),
                working_directory: "~/src/it's".to_owned(),
                socket: "mine".to_owned(),
                connector: if has_orchestrator { "matrix: #fleet".to_owned() } else { String::new() },
            };
            let changed = answers.apply(&text, path()).unwrap();
            assert_eq!(Answers::of(&changed, &Roster::parse(&changed, path()).unwrap()), answers, "{changed}");
            assert_eq!(answers.apply(&changed, path()).unwrap(), changed);
            let back = Answers::of(&text, &roster).apply(&changed, path()).unwrap();
            let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
            assert_eq!(comments(&back), comments(&text), "{back}");
        }
    }

    #[test]
    fn an_answer_is_checked_where_it_is_given_as_the_roster_would() {
        let (directory, socket) = (["defaults", "working_directory"], ["tmux", "socket_name"]);
        let table = [
            (directory, "~/src", None),
            (directory, "/srv/it's", None),
            (directory, "src", Some("is a relative path")),
            (directory, " ", Some("is empty")),
            (socket, "mine", None),
            (socket, "../x", Some("is not a tmux socket name")),
            (socket, "default", Some("your personal tmux server")),
        ];
        for (key, given, expected) in table {
            let why = check(&key, given).err();
            let told = |part: &str| why.as_ref().is_some_and(|why| why.contains(part) && !why.contains('\n'));
            assert!(expected.map_or(why.is_none(), told), "{given:?}: {why:?}");
        }
    }

    #[test]
    fn a_nonsense_answer_is_refused() {
        let text = Preset::Coding.text();
        let answers = Answers::of(&text, &Roster::parse(&text, path()).unwrap());
        assert!(Answers { socket: "../x".to_owned(), ..answers }.apply(&text, path()).is_err());
    }
}
