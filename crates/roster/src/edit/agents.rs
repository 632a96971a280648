//! Adding and removing agents.

use std::fmt::Write;
use std::path::Path;

use mosaic_domain::{AgentName, RuntimeName};

use super::lines::{dash_line, end_of_item, indent, line_end, lines_of_item, start_of_line, start_of_next_line};
use super::{AgentList, EditError, Original};
use crate::yaml::{self, Node, Quotes, to_scalar};
use crate::{Agent, Class, Limits, PersistentPersona};

/// An agent to add, with the settings that the command line offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAgent {
    /// The agent's name.
    pub name: AgentName,
    /// The program to run; `None` means the roster's default.
    pub runtime: Option<RuntimeName>,
    /// The agent's role.
    pub class: Class,
    /// The directory the agent starts in.
    pub working_directory: Option<String>,
    /// The shell command line that runs the agent.
    pub command: Option<String>,
    /// The model to use.
    pub model_hint: Option<String>,
}

impl NewAgent {
    /// An agent with default settings.
    #[must_use]
    pub fn new(name: AgentName, class: Class) -> Self {
        Self { name, runtime: None, class, working_directory: None, command: None, model_hint: None }
    }
}

/// Appends an agent to the list, and changes no other line.
///
/// A second orchestrator is refused. Another agent can be added to a roster that already has several.
///
/// # Errors
/// The text is not a valid roster, already has the agent or is written in an unsupported style, or the result would
/// not be a valid roster.
pub fn add_agent(text: &str, agent: &NewAgent, path: &Path) -> Result<String, EditError> {
    let original = Original::parse(text, path, format!("add the agent {}", agent.name))?;
    check_new_name(&original, agent)?;
    let mut expected = original.roster.clone();
    expected.agents.push(to_agent(agent));
    if agent.class == Class::Orchestrator {
        let checked = expected.check_orchestrators();
        checked.map_err(|rule| EditError::Orchestrators { action: original.action.clone(), rule })?;
    }
    let end = line_end(text);
    let new_text = match original.agents()? {
        AgentList::Items(items) => {
            let last = items.last().and_then(|item| Some((item, dash_line(text, item)?)));
            let Some((item, dash)) = last else {
                return Err(original.unsupported(0, "the last agent shares a line with another value"));
            };
            let entry = entry(agent, indent(&text[dash..]), end);
            insert(text, end_of_item(text, item, dash), &entry, end)
        }
        AgentList::Empty(list) => {
            let line = start_of_line(text, list.key.span.start);
            let column = text[line..list.key.span.start].trim_start_matches('\u{feff}').len();
            let behind_colon = text[..list.value.span.start].trim_end_matches(' ').len();
            let emptied = format!("{}{}", &text[..behind_colon], &text[list.value.span.end..]);
            let at = start_of_next_line(&emptied, behind_colon);
            insert(&emptied, at, &entry(agent, column + 2, end), end)
        }
    };
    original.verified(new_text, &expected)
}

fn check_new_name(original: &Original<'_>, agent: &NewAgent) -> Result<(), EditError> {
    let Some(position) = original.roster.agents.iter().position(|other| other.name == agent.name) else {
        return Ok(());
    };
    let items = original.tree.get("agents").map(Node::items).unwrap_or_default();
    let at = items.get(position).map_or(0, |item| item.span.start);
    let (line, _) = yaml::line_and_column(original.text, at);
    Err(EditError::AgentExists { name: agent.name.clone(), path: original.path.to_owned(), line })
}

/// The agent that the new lines parse to.
fn to_agent(agent: &NewAgent) -> Agent {
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

/// The lines of the new agent, with the dash in the given column.
fn entry(agent: &NewAgent, column: usize, end: &str) -> String {
    let keys = [
        ("name", Some(agent.name.as_str())),
        ("runtime", agent.runtime.as_ref().map(RuntimeName::as_str)),
        ("class", Some(agent.class.as_str())),
        ("working_directory", agent.working_directory.as_deref()),
        ("command", agent.command.as_deref()),
        ("model_hint", agent.model_hint.as_deref()),
    ];
    let mut lines = String::new();
    for (key, value) in keys {
        let Some(value) = value else { continue };
        let dash = if key == "name" { '-' } else { ' ' };
        let _ = write!(lines, "{:column$}{dash} {key}: {}{end}", "", to_scalar(value, Quotes::WhereNeeded));
    }
    lines
}

/// Inserts lines at the beginning of a line, or after a last line without a line end. The text then still ends
/// without one.
fn insert(text: &str, at: usize, lines: &str, end: &str) -> String {
    let (before, after) = text.split_at(at);
    if before.is_empty() || before.ends_with('\n') {
        format!("{before}{lines}{after}")
    } else {
        format!("{before}{end}{}{after}", lines.trim_end_matches(['\r', '\n']))
    }
}

/// Removes the lines of an agent and the comments directly above them, up to a blank line.
///
/// # Errors
/// The text is not a valid roster, does not have the agent or is written in an unsupported style, or the result would
/// not be a valid roster.
pub fn remove_agent(text: &str, name: &AgentName, path: &Path) -> Result<String, EditError> {
    let original = Original::parse(text, path, format!("remove the agent {name}"))?;
    let Some(position) = original.roster.agents.iter().position(|agent| agent.name == *name) else {
        let similar = original.roster.similar_names(name.as_str()).into_iter().cloned().collect();
        return Err(EditError::AgentNotFound { name: name.clone(), path: path.to_owned(), similar });
    };
    let mut expected = original.roster.clone();
    expected.agents.remove(position);
    let items = match original.agents()? {
        AgentList::Items(items) => items,
        AgentList::Empty(_) => &[],
    };
    let Some(item) = items.get(position) else {
        return Err(original.unsupported(0, "the list has no item for the agent"));
    };
    let Some(mut lines) = lines_of_item(text, item) else {
        return Err(original.unsupported(item.span.start, "the agent shares a line with another value"));
    };
    // If the text ends without a line end, the new text does too.
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
    original.verified(before + after, &expected)
}
