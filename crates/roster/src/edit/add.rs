//! Adding an agent.

use std::fmt::Write;
use std::path::Path;

use super::lines::{dash_line, end_of_item, indent, line_end, start_of_line, start_of_next_line};
use super::original::{Agents, Original};
use super::{EditError, NewAgent};
use crate::yaml::{self, Node, Quotes, written};
use crate::{Agent, Class, Limits, OrchestratorRule, PersistentPersona, Roster};

/// Adds an agent at the end of the list, and changes no other line.
///
/// A second orchestrator is refused, and so is a second agent of a fleet that would still have none. A roster
/// that broke that rule before may be added to.
///
/// # Errors
/// The text is no roster, has that agent already, is written so that lines cannot be added, or the outcome
/// would be no roster.
pub fn add_agent(text: &str, agent: &NewAgent, path: &Path) -> Result<String, EditError> {
    let original = Original::read(text, path, format!("adding the agent {}", agent.name))?;
    refuse_namesake(&original, agent)?;
    let mut wanted = original.roster.clone();
    wanted.agents.push(as_read(agent));
    refuse_against_the_rule(&original, agent, &wanted)?;
    let end = line_end(text);
    let outcome = match original.agents()? {
        Agents::Items(items) => {
            let last = items.last().and_then(|item| Some((item, dash_line(text, item)?)));
            let Some((item, dash)) = last else {
                return Err(original.style(0, "the last agent shares a line with something else"));
            };
            let entry = entry(agent, indent(&text[dash..]), end);
            insert(text, end_of_item(text, item, dash), &entry, end)
        }
        Agents::Empty(list) => {
            let line = start_of_line(text, list.key.span.start);
            let column = text[line..list.key.span.start].trim_start_matches('\u{feff}').len();
            let behind_colon = text[..list.value.span.start].trim_end_matches(' ').len();
            let emptied = format!("{}{}", &text[..behind_colon], &text[list.value.span.end..]);
            let at = start_of_next_line(&emptied, behind_colon);
            insert(&emptied, at, &entry(agent, column + 2, end), end)
        }
    };
    original.checked(outcome, &wanted)
}

fn refuse_namesake(original: &Original<'_>, agent: &NewAgent) -> Result<(), EditError> {
    let Some(position) = original.roster.agents.iter().position(|other| other.name == agent.name) else {
        return Ok(());
    };
    let items = original.tree.get("agents").map(Node::items).unwrap_or_default();
    let at = items.get(position).map_or(0, |item| item.span.start);
    let (line, _) = yaml::place(original.text, at);
    Err(EditError::AlreadyThere { name: agent.name.clone(), path: original.path.to_owned(), line })
}

fn refuse_against_the_rule(original: &Original<'_>, agent: &NewAgent, wanted: &Roster) -> Result<(), EditError> {
    let kept_before = original.roster.check_orchestrator_rule().is_ok();
    match wanted.check_orchestrator_rule() {
        Err(rule @ OrchestratorRule::Several { .. }) if agent.class == Class::Orchestrator => Err(rule),
        Err(rule) if kept_before => Err(rule),
        _ => Ok(()),
    }
    .map_err(|rule| EditError::Orchestrators { what: original.what.clone(), rule })
}

/// The agent as it will be read.
fn as_read(agent: &NewAgent) -> Agent {
    Agent {
        name: agent.name.clone(),
        runtime: agent.runtime.clone(),
        class: agent.class.clone(),
        working_directory: agent.working_directory.clone(),
        command: agent.command.clone(),
        model_hint: agent.model_hint.clone(),
        persistent_persona: PersistentPersona::default(),
        reset_between_tasks: false,
        kickstart_template: None,
        restart: None,
        limits: Limits::default(),
    }
}

/// The agent's lines.
fn entry(agent: &NewAgent, column: usize, end: &str) -> String {
    let keys = [
        ("name", Some(agent.name.as_str())),
        ("runtime", agent.runtime.as_ref().map(mosaic_domain::RuntimeName::as_str)),
        ("class", Some(agent.class.as_str())),
        ("working_directory", agent.working_directory.as_deref()),
        ("command", agent.command.as_deref()),
        ("model_hint", agent.model_hint.as_deref()),
    ];
    let mut lines = String::new();
    for (key, value) in keys {
        let Some(value) = value else { continue };
        let sign = if key == "name" { '-' } else { ' ' };
        let _ = write!(lines, "{:column$}{sign} {key}: {}{end}", "", written(value, Quotes::WhereNeeded));
    }
    lines
}

/// Puts lines at the beginning of a line, or behind a last line that has no end; then the new one has none either.
fn insert(text: &str, at: usize, lines: &str, end: &str) -> String {
    let (before, after) = text.split_at(at);
    if before.is_empty() || before.ends_with('\n') {
        format!("{before}{lines}{after}")
    } else {
        format!("{before}{end}{}{after}", lines.trim_end_matches(['\r', '\n']))
    }
}
