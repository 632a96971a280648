//! The roster that is to be changed.

use std::path::Path;

use super::EditError;
use super::lines::start_of_line;
use crate::yaml::{self, Entry, Node, Style, Value};
use crate::{Roster, reader};

/// A roster, the tree it was read from, and its text.
pub(super) struct Original<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
    pub(super) roster: Roster,
    pub(super) tree: Node,
    /// What is asked for, as the beginning of a sentence.
    pub(super) what: String,
}

/// How a section is written.
pub(super) enum Agents<'a> {
    /// One below the other.
    Items(&'a [Node]),
    /// `[]`.
    Empty(&'a Entry),
}

impl<'a> Original<'a> {
    pub(super) fn read(text: &'a str, path: &'a Path, what: String) -> Result<Self, EditError> {
        let (roster, tree) = reader::parse(text, path)?;
        Ok(Self { text, path, roster, tree, what })
    }

    /// The entry of a top-level key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.tree.entries().iter().find(|entry| entry.key.text() == Some(key))
    }

    /// The list of agents, if it can be changed by whole lines.
    pub(super) fn agents(&self) -> Result<Agents<'_>, EditError> {
        let Value::Mapping(Style::Block, _) = &*self.tree.value else {
            return Err(self.style(0, "the file is written in brackets (JSON)"));
        };
        let Some(entry) = self.entry("agents") else { return Err(self.style(0, "there is no list of agents")) };
        let at = entry.value.span.start;
        let column_and_key = &self.text[start_of_line(self.text, entry.key.span.start)..entry.key.span.start];
        if entry.value.alias || !column_and_key.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(self.style(at, "the list of agents is written in an unusual way"));
        }
        match &*entry.value.value {
            Value::List(Style::Block, items) => Ok(Agents::Items(items)),
            Value::List(Style::Flow, items) if items.is_empty() => Ok(Agents::Empty(entry)),
            _ => Err(self.style(at, "the agents are written in brackets ([…]) rather than one below the other")),
        }
    }

    pub(super) fn style(&self, at: usize, why: &str) -> EditError {
        let (line, _) = yaml::place(self.text, at);
        EditError::Style { what: self.what.clone(), path: self.path.to_owned(), line, why: why.to_owned() }
    }

    /// The outcome, when it is what was wanted.
    pub(super) fn checked(&self, outcome: String, wanted: &Roster) -> Result<String, EditError> {
        let (roster, _) = reader::parse(&outcome, self.path)
            .map_err(|source| EditError::Outcome { what: self.what.clone(), source: Box::new(source) })?;
        if roster == *wanted {
            return Ok(outcome);
        }
        Err(self.style(0, "something else would change with it"))
    }
}
