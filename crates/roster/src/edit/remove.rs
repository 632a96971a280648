//! Removing an agent.

use std::path::Path;

use mosaic_domain::AgentName;

use super::EditError;
use super::lines::lines_of_item;
use super::original::{Agents, Original};

/// Removes an agent: its lines, and the comments directly above them. A blank line ends what is above.
///
/// The only orchestrator cannot be removed while more than one agent would stay; a fleet of one agent, or of
/// none, may be without.
///
/// # Errors
/// The text is no roster, has no such agent, is written so that lines cannot be removed, or the outcome would
/// be no roster.
pub fn remove_agent(text: &str, name: &AgentName, path: &Path) -> Result<String, EditError> {
    let original = Original::read(text, path, format!("removing the agent {name}"))?;
    let Some(position) = original.roster.agents.iter().position(|agent| agent.name == *name) else {
        let nearest = original.roster.nearest(name.as_str()).into_iter().cloned().collect();
        return Err(EditError::NoSuchAgent { name: name.clone(), path: path.to_owned(), nearest });
    };
    let mut wanted = original.roster.clone();
    wanted.agents.remove(position);
    if let (Ok(()), Err(rule)) = (original.roster.check_orchestrator_rule(), wanted.check_orchestrator_rule()) {
        return Err(EditError::Orchestrators { what: original.what, rule });
    }
    let items = match original.agents()? {
        Agents::Items(items) => items,
        Agents::Empty(_) => &[],
    };
    let Some(item) = items.get(position) else { return Err(original.style(0, "the agent has no line of its own")) };
    let Some(mut lines) = lines_of_item(text, item) else {
        return Err(original.style(item.span.start, "the agent shares a line with something else"));
    };
    // A last line without an end leaves the line before it without one.
    if lines.end == text.len() && !text.ends_with('\n') {
        let before = &text[..lines.start];
        lines.start = before.strip_suffix("\r\n").or_else(|| before.strip_suffix('\n')).unwrap_or(before).len();
    }
    let (mut before, after) = (text[..lines.start].to_owned(), &text[lines.end..]);
    if let ([_], Some(list)) = (items, original.entry("agents")) {
        let colon =
            text[list.key.span.end..].find(':').map_or(list.key.span.end, |colon| list.key.span.end + colon + 1);
        before.insert_str(colon, " []");
    }
    original.checked(before + after, &wanted)
}
