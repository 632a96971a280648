//! Edits a roster so that it has the answers of the wizard. Pure.

use std::ops::Range;
use std::path::Path;

use mosaic_domain::RuntimeName;
use mosaic_roster::{EditError, Preset, Roster, RosterError, set_value};

/// The beginning of the comment that notes the connector. Nothing in the fleet depends on it; it is for people
/// and agents who read the roster.
const CONNECTOR_COMMENT: &str = "# Connector: ";

/// The answers of the wizard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// The runtime of agents that do not set one.
    pub(super) runtime: String,
    /// The working directory of agents.
    pub(super) working_directory: String,
    /// The fleet's tmux socket.
    pub(super) socket: String,
    /// The service that the orchestrator is connected to, such as a chat; may be empty.
    pub(super) connector: String,
}

impl Answers {
    /// The answers that a roster already has.
    pub(super) fn from_roster(text: &str, roster: &Roster) -> Self {
        let directory = roster.defaults.working_directory.clone().or_else(|| roster.tmux.working_directory.clone());
        Self {
            runtime: roster.defaults.runtime.as_ref().map_or(RuntimeName::DEFAULT, RuntimeName::as_str).to_owned(),
            working_directory: directory.unwrap_or_else(|| "~".to_owned()),
            socket: roster.tmux.socket_name.as_str().to_owned(),
            connector: find_connector(text, roster).unwrap_or_default(),
        }
    }

    /// The text of the roster with these answers. Only lines whose values differ are changed.
    ///
    /// # Errors
    /// An answer is invalid, or the text cannot be edited line by line.
    pub(super) fn apply(&self, text: &str, path: &Path) -> Result<String, EditError> {
        let roster = Roster::parse(text, path)?;
        let before = Self::from_roster(text, &roster);
        let values: [(&[&str], &str, &str); 3] = [
            (&["defaults", "runtime"], &self.runtime, &before.runtime),
            (&["defaults", "working_directory"], &self.working_directory, &before.working_directory),
            (&["tmux", "socket_name"], &self.socket, &before.socket),
        ];
        let mut text = text.to_owned();
        for (key, answer, current) in values {
            if answer != current {
                text = set_value(&text, key, answer, path)?;
            }
        }
        if self.connector != before.connector {
            text = with_connector(&text, &roster, &self.connector);
        }
        Ok(text)
    }
}

/// Checks that a value is valid for a key of the roster; the error is the reason.
pub(super) fn check(key: &[&str], given: &str) -> Result<(), String> {
    match set_value(&Preset::Minimal.text(), key, given, Path::new("roster.yaml")).map(drop) {
        Err(EditError::InvalidResult { source, .. }) => Err(match *source {
            // The position in the file does not help a user who typed the value.
            RosterError::Invalid(invalid) => invalid.problem,
            other => other.to_string(),
        }),
        checked => checked.map_err(|error| error.to_string()),
    }
}

/// The connector that the roster notes.
fn find_connector(text: &str, roster: &Roster) -> Option<String> {
    let entry = find_orchestrator(text, roster)?;
    let comment = find_comment(text, entry)?;
    Some(text[comment].trim().strip_prefix(CONNECTOR_COMMENT)?.trim().to_owned())
}

/// The text with another connector, or without one if `connector` is empty. The text is unchanged if the entry
/// of the orchestrator does not begin with a line `- name: …`.
fn with_connector(text: &str, roster: &Roster, connector: &str) -> String {
    let Some(entry) = find_orchestrator(text, roster) else { return text.to_owned() };
    let place = find_comment(text, entry).unwrap_or(entry..entry);
    let indent: String = text[entry..].chars().take_while(|c| *c == ' ').collect();
    // A line feed in the answer would end the comment.
    let connector = connector.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if connector.is_empty() { String::new() } else { format!("{indent}{CONNECTOR_COMMENT}{connector}\n") };
    format!("{}{line}{}", &text[..place.start], &text[place.end..])
}

/// The offset of the line that names the orchestrator.
fn find_orchestrator(text: &str, roster: &Roster) -> Option<usize> {
    let orchestrator = roster.orchestrators().into_iter().next()?.name.as_str();
    let names_it = |line: &str| {
        let Some(value) = line.trim_start().strip_prefix("- name:") else { return false };
        let value = value.split(" #").next().unwrap_or_default().trim();
        value.trim_matches(|c| c == '"' || c == '\'') == orchestrator
    };
    let line = text.split_inclusive('\n').find(|line| names_it(line))?;
    Some(line.as_ptr() as usize - text.as_ptr() as usize)
}

/// The range of the connector comment, which is among the comments directly above the entry.
fn find_comment(text: &str, entry: usize) -> Option<Range<usize>> {
    let mut end = entry;
    for line in text[..entry].split_inclusive('\n').rev() {
        let start = end - line.len();
        let line = line.trim();
        if line.starts_with(CONNECTOR_COMMENT) {
            return Some(start..end);
        }
        if !line.starts_with('#') {
            return None;
        }
        end = start;
    }
    None
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
    fn answers_of_a_roster_do_not_change_it() {
        for preset in Preset::ALL {
            let text = preset.text();
            let answers = Answers::from_roster(&text, &Roster::parse(&text, path()).unwrap());
            assert_eq!(answers.apply(&text, path()).unwrap(), text, "{preset}");
        }
    }

    #[test]
    fn answers_change_only_their_lines_and_are_read_back() {
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
            assert_eq!(Answers::from_roster(&changed, &Roster::parse(&changed, path()).unwrap()), answers, "{changed}");
            assert_eq!(answers.apply(&changed, path()).unwrap(), changed);
            let back = Answers::from_roster(&text, &roster).apply(&changed, path()).unwrap();
            let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
            assert_eq!(comments(&back), comments(&text), "{back}");
        }
    }

    #[test]
    fn answers_are_checked_like_roster_values() {
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
            let is_expected = |part: &str| why.as_ref().is_some_and(|why| why.contains(part) && !why.contains('\n'));
            assert!(expected.map_or(why.is_none(), is_expected), "{given:?}: {why:?}");
        }
    }

    #[test]
    fn an_invalid_answer_is_refused() {
        let text = Preset::Coding.text();
        let answers = Answers::from_roster(&text, &Roster::parse(&text, path()).unwrap());
        assert!(Answers { socket: "../x".to_owned(), ..answers }.apply(&text, path()).is_err());
    }
}
