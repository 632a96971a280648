//! Setting one value.

use std::path::Path;

use super::EditError;
use super::lines::{indent, line_end, start_of_line, start_of_next_line, with_comments_above};
use super::original::Original;
use crate::yaml::{Entry, Node, Quotes, Style, Value, written};
use crate::{Roster, reader};

/// Sets one value of the sections `tmux` and `defaults`, such as `["tmux", "socket_name"]`, in place: a comment
/// behind it stays. The key and the section are added where they are missing.
///
/// # Errors
/// The text is no roster, is written so that the value cannot be set alone, or the outcome would be no roster
/// (there is no such key, or the value is none for it).
pub fn set_value(text: &str, key: &[&str], value: &str, path: &Path) -> Result<String, EditError> {
    let original = Original::read(text, path, format!("setting {} to {value}", key.join(".")))?;
    let [section, key] = key else { return Err(original.style(0, "only a key of a section can be set")) };
    let quotes = if *key == "heartbeat_interval" { Quotes::Never } else { Quotes::WhereNeeded };
    let outcome = match original.entry(section) {
        Some(entry) => in_section(&original, entry, key, value, quotes)?,
        None => with_section(&original, section, &format!("{key}: {}", written(value, quotes)))?,
    };
    let new = reader::parse(&outcome, path)
        .map_err(|source| EditError::Outcome { what: original.what.clone(), source: Box::new(source) })?
        .0;
    // Whatever the value became, nothing outside its section did change.
    let old = original.roster.clone();
    let wanted = match *section {
        "tmux" => Roster { tmux: new.tmux, ..old },
        "defaults" => Roster { defaults: new.defaults, ..old },
        _ => return Err(original.style(0, "only keys of `tmux` and `defaults` can be set")),
    };
    original.checked(outcome, &wanted)
}

fn in_section(
    original: &Original<'_>,
    section: &Entry,
    key: &str,
    value: &str,
    quotes: Quotes,
) -> Result<String, EditError> {
    let text = original.text;
    if section.value.alias {
        return Err(original.style(section.value.span.start, "the section is an alias"));
    }
    if let Some(node) = section.value.get(key) {
        return replaced(original, node, value, quotes);
    }
    let line = format!("{key}: {}", written(value, quotes));
    match &*section.value.value {
        Value::Mapping(Style::Block, entries) => {
            let Some((first, last)) = entries.first().zip(entries.last()) else {
                return Err(original.style(section.value.span.start, "the section is empty"));
            };
            let start = start_of_line(text, first.key.span.start);
            let column = indent(&text[start..]);
            let at = start_of_next_line(text, last.value.end(text));
            Ok(inserted(text, at, &format!("{:column$}{line}", "")))
        }
        Value::Mapping(Style::Flow, entries) if entries.is_empty() => {
            let span = &section.value.span;
            Ok(format!("{}{{{line}}}{}", &text[..span.start], &text[span.end..]))
        }
        _ => Err(original.style(section.value.span.start, "the section is written in brackets ({…})")),
    }
}

fn replaced(original: &Original<'_>, node: &Node, value: &str, quotes: Quotes) -> Result<String, EditError> {
    let text = original.text;
    let old = &text[node.span.clone()];
    if old.contains('\n') {
        return Err(original.style(node.span.start, "the value has several lines"));
    }
    let same = match &*node.value {
        Value::Text(text) | Value::Number(text) => text == value,
        _ => false,
    };
    if same {
        return Ok(text.to_owned());
    }
    // JSON knows only texts in quotes.
    let quotes = if quotes == Quotes::WhereNeeded && old.starts_with('"') { Quotes::Always } else { quotes };
    Ok(format!("{}{}{}", &text[..node.span.start], written(value, quotes), &text[node.span.end..]))
}

/// The section is put above the agents, and the comments directly above them.
fn with_section(original: &Original<'_>, section: &str, line: &str) -> Result<String, EditError> {
    let text = original.text;
    original.agents()?;
    let Some(agents) = original.entry("agents") else { return Err(original.style(0, "there is no list of agents")) };
    let start = start_of_line(text, agents.key.span.start);
    let column = indent(&text[start..]);
    let end = line_end(text);
    let at = with_comments_above(text, start);
    let lines = format!("{:column$}{section}:{end}{:column$}  {line}{end}", "", "");
    let gap = if text[..at].trim_end_matches(['\r', '\n']).len() + 2 * end.len() <= at { end } else { "" };
    Ok(format!("{}{lines}{gap}{}", &text[..at], &text[at..]))
}

/// Puts a line at the beginning of a line, or behind a last one without an end.
fn inserted(text: &str, at: usize, line: &str) -> String {
    let end = line_end(text);
    let (before, after) = text.split_at(at);
    if before.ends_with('\n') { format!("{before}{line}{end}{after}") } else { format!("{before}{end}{line}{after}") }
}
