//! Setting a single value.

use std::path::Path;

use super::lines::{indent, line_end, start_of_line, start_of_next_line, with_comments_above};
use super::{EditError, Original};
use crate::yaml::{Entry, Node, Quotes, Style, Value, to_scalar};
use crate::{Roster, load};

/// Sets a value of the section `tmux` or `defaults`, such as `["tmux", "socket_name"]`, in place. A comment after the
/// value is preserved. The key and the section are added if they are missing.
///
/// # Errors
/// The text is not a valid roster or is written in an unsupported style, or the result would not be a valid roster
/// (the key is unknown or the value is invalid).
pub fn set_value(text: &str, key: &[&str], value: &str, path: &Path) -> Result<String, EditError> {
    let original = Original::parse(text, path, format!("set {} to {value}", key.join(".")))?;
    let [section, key] = key else { return Err(original.unsupported(0, "the key is not in a section")) };
    let quotes = if *key == "heartbeat_interval" { Quotes::Never } else { Quotes::WhereNeeded };
    let new_text = match original.entry(section) {
        Some(entry) => set_in_section(&original, entry, key, value, quotes)?,
        None => add_section(&original, section, &format!("{key}: {}", to_scalar(value, quotes)))?,
    };
    let new = load::parse(&new_text, path)
        .map_err(|source| EditError::InvalidResult { action: original.action.clone(), source: Box::new(source) })?
        .0;
    // Outside of its section, nothing may change.
    let old = original.roster.clone();
    let expected = match *section {
        "tmux" => Roster { tmux: new.tmux, ..old },
        "defaults" => Roster { defaults: new.defaults, ..old },
        _ => return Err(original.unsupported(0, "only keys of `tmux` and `defaults` are supported")),
    };
    original.verified(new_text, &expected)
}

fn set_in_section(
    original: &Original<'_>,
    section: &Entry,
    key: &str,
    value: &str,
    quotes: Quotes,
) -> Result<String, EditError> {
    let text = original.text;
    if section.value.alias {
        return Err(original.unsupported(section.value.span.start, "the section is an alias"));
    }
    if let Some(node) = section.value.get(key) {
        return replace_value(original, node, value, quotes);
    }
    let line = format!("{key}: {}", to_scalar(value, quotes));
    match &*section.value.value {
        Value::Mapping(Style::Block, entries) => {
            let Some((first, last)) = entries.first().zip(entries.last()) else {
                return Err(original.unsupported(section.value.span.start, "the section is empty"));
            };
            let start = start_of_line(text, first.key.span.start);
            let column = indent(&text[start..]);
            let at = start_of_next_line(text, last.value.end(text));
            Ok(insert_line(text, at, &format!("{:column$}{line}", "")))
        }
        Value::Mapping(Style::Flow, entries) if entries.is_empty() => {
            let span = &section.value.span;
            Ok(format!("{}{{{line}}}{}", &text[..span.start], &text[span.end..]))
        }
        _ => Err(original.unsupported(section.value.span.start, "the section is written with brackets ({…})")),
    }
}

fn replace_value(original: &Original<'_>, node: &Node, value: &str, quotes: Quotes) -> Result<String, EditError> {
    let text = original.text;
    let old = &text[node.span.clone()];
    if old.contains('\n') {
        return Err(original.unsupported(node.span.start, "the value spans several lines"));
    }
    let same = match &*node.value {
        Value::Text(text) | Value::Number(text) => text == value,
        _ => false,
    };
    if same {
        return Ok(text.to_owned());
    }
    // In JSON, strings must be quoted.
    let quotes = if quotes == Quotes::WhereNeeded && old.starts_with('"') { Quotes::Always } else { quotes };
    Ok(format!("{}{}{}", &text[..node.span.start], to_scalar(value, quotes), &text[node.span.end..]))
}

/// Adds a section above the agents and the comments directly above them.
fn add_section(original: &Original<'_>, section: &str, line: &str) -> Result<String, EditError> {
    let text = original.text;
    original.agents()?;
    let Some(agents) = original.entry("agents") else {
        return Err(original.unsupported(0, "the file has no list of agents"));
    };
    let start = start_of_line(text, agents.key.span.start);
    let column = indent(&text[start..]);
    let end = line_end(text);
    let at = with_comments_above(text, start);
    let lines = format!("{:column$}{section}:{end}{:column$}  {line}{end}", "", "");
    let gap = if text[..at].trim_end_matches(['\r', '\n']).len() + 2 * end.len() <= at { end } else { "" };
    Ok(format!("{}{lines}{gap}{}", &text[..at], &text[at..]))
}

/// Inserts a line at the beginning of a line, or after a last line without a line end.
fn insert_line(text: &str, at: usize, line: &str) -> String {
    let end = line_end(text);
    let (before, after) = text.split_at(at);
    if before.ends_with('\n') { format!("{before}{line}{end}{after}") } else { format!("{before}{end}{line}{after}") }
}
