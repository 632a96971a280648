//! Edits of a roster's text that preserve comments, order and every other byte.
//!
//! An edit inserts, removes or replaces whole lines or single values. The result is parsed again, and the edit is
//! refused unless the new roster is the old one with the requested change and no other.

mod agents;
mod lines;
mod set_value;

use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;

use crate::yaml::{self, Entry, Node, Style, Value};
use crate::{Roster, RosterError, SeveralOrchestrators, load, suggestion};
use lines::start_of_line;

pub use agents::{NewAgent, add_agent, remove_agent};
pub use set_value::set_value;

/// Why a roster was not edited. The text is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The original text is not a valid roster.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster already has an agent of this name.
    #[error("agent {name} is already in the roster ({}:{line})", .path.display())]
    AgentExists {
        /// The name of the agent.
        name: AgentName,
        /// The path of the roster.
        path: PathBuf,
        /// The line of the existing agent, from 1.
        line: usize,
    },
    /// The roster has no agent of this name.
    #[error("agent {name} is not in the roster {}{}", .path.display(), suggestion(.similar))]
    AgentNotFound {
        /// The name of the agent.
        name: AgentName,
        /// The path of the roster.
        path: PathBuf,
        /// Similar names in the roster, best match first.
        similar: Vec<AgentName>,
    },
    /// The new roster would have more than one orchestrator.
    #[error("cannot {action}: {rule}")]
    Orchestrators {
        /// The requested edit, such as `add the agent coder0`.
        action: String,
        /// How the new roster would break the rule.
        rule: SeveralOrchestrators,
    },
    /// The new text would not be a valid roster.
    #[error("cannot {action}, because the result is not a valid roster: {source}")]
    InvalidResult {
        /// The requested edit.
        action: String,
        /// The error in the new roster.
        source: Box<RosterError>,
    },
    /// The text is written in a style in which the edit would change other lines too.
    #[error("{}:{line}: cannot {action} without rewriting other lines: {reason}; edit the file by hand", .path.display())]
    UnsupportedStyle {
        /// The requested edit.
        action: String,
        /// The path of the roster.
        path: PathBuf,
        /// The line of the obstacle, from 1.
        line: usize,
        /// What prevents the edit.
        reason: String,
    },
}

/// The text of a roster before an edit, with the roster and the YAML tree that were parsed from it.
struct Original<'a> {
    text: &'a str,
    path: &'a Path,
    roster: Roster,
    tree: Node,
    /// The requested edit, for error messages: `add the agent coder0`.
    action: String,
}

/// How the list of agents is written.
enum AgentList<'a> {
    /// In block style.
    Items(&'a [Node]),
    /// As `[]`.
    Empty(&'a Entry),
}

impl<'a> Original<'a> {
    fn parse(text: &'a str, path: &'a Path, action: String) -> Result<Self, EditError> {
        let (roster, tree) = load::parse(text, path)?;
        Ok(Self { text, path, roster, tree, action })
    }

    /// The entry of a top-level key.
    fn entry(&self, key: &str) -> Option<&Entry> {
        self.tree.entries().iter().find(|entry| entry.key.text() == Some(key))
    }

    /// The list of agents, if it can be edited by whole lines.
    fn agents(&self) -> Result<AgentList<'_>, EditError> {
        let Value::Mapping(Style::Block, _) = &*self.tree.value else {
            return Err(self.unsupported(0, "the file is written with brackets (JSON)"));
        };
        let Some(entry) = self.entry("agents") else {
            return Err(self.unsupported(0, "the file has no list of agents"));
        };
        let at = entry.value.span.start;
        let column_and_key = &self.text[start_of_line(self.text, entry.key.span.start)..entry.key.span.start];
        if entry.value.alias || !column_and_key.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(self.unsupported(at, "the list of agents is an alias, or its key does not begin the line"));
        }
        match &*entry.value.value {
            Value::List(Style::Block, items) => Ok(AgentList::Items(items)),
            Value::List(Style::Flow, items) if items.is_empty() => Ok(AgentList::Empty(entry)),
            _ => Err(self.unsupported(at, "the agents are written with brackets ([…]) instead of one below the other")),
        }
    }

    fn unsupported(&self, at: usize, reason: &str) -> EditError {
        let (line, _) = yaml::line_and_column(self.text, at);
        EditError::UnsupportedStyle {
            action: self.action.clone(),
            path: self.path.to_owned(),
            line,
            reason: reason.to_owned(),
        }
    }

    /// Returns the new text if it parses to the expected roster.
    fn verified(&self, new_text: String, expected: &Roster) -> Result<String, EditError> {
        let (roster, _) = load::parse(&new_text, self.path)
            .map_err(|source| EditError::InvalidResult { action: self.action.clone(), source: Box::new(source) })?;
        if roster == *expected {
            return Ok(new_text);
        }
        Err(self.unsupported(0, "another value would change too"))
    }
}
