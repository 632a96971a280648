//! What the orchestrator is connected to (a chat, an issue tracker): a comment for people and agents
//! above its entry, since nothing in the fleet depends on it.

use std::ops::Range;

use mosaic_roster::Roster;

const WORD: &str = "# Connector: ";

/// The connector that a roster's text notes.
pub(super) fn of(text: &str, roster: &Roster) -> Option<String> {
    let entry = entry(text, roster)?;
    let note = note_above(text, entry)?;
    Some(text[note].trim().strip_prefix(WORD)?.trim().to_owned())
}

/// The text with another connector, or with none if that is empty. Where the entry of the
/// orchestrator does not begin with a line `- name: …` there is no place for it.
pub(super) fn with(text: &str, roster: &Roster, connector: &str) -> String {
    let Some(entry) = entry(text, roster) else { return text.to_owned() };
    let place = note_above(text, entry).unwrap_or(entry..entry);
    let indent: String = text[entry..].chars().take_while(|c| *c == ' ').collect();
    // A line feed would end the comment.
    let connector = connector.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if connector.is_empty() { String::new() } else { format!("{indent}{WORD}{connector}\n") };
    format!("{}{line}{}", &text[..place.start], &text[place.end..])
}

/// Where the line begins that names the orchestrator.
fn entry(text: &str, roster: &Roster) -> Option<usize> {
    let orchestrator = roster.orchestrators().into_iter().next()?.name.as_str();
    let names_it = |line: &str| {
        let Some(value) = line.trim_start().strip_prefix("- name:") else { return false };
        let value = value.split(" #").next().unwrap_or_default().trim();
        value.trim_matches(|c| c == '"' || c == '\'') == orchestrator
    };
    let line = text.split_inclusive('\n').find(|line| names_it(line))?;
    Some(line.as_ptr() as usize - text.as_ptr() as usize)
}

/// The note among the comments directly above an entry.
fn note_above(text: &str, entry: usize) -> Option<Range<usize>> {
    let mut end = entry;
    for line in text[..entry].split_inclusive('\n').rev() {
        let start = end - line.len();
        let line = line.trim();
        if line.starts_with(WORD) {
            return Some(start..end);
        }
        if !line.starts_with('#') {
            return None;
        }
        end = start;
    }
    None
}
