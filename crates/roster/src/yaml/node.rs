//! A value of a YAML document, and its place.

use std::ops::Range;
use std::rc::Rc;

/// A value and its place in the text, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it is; of a mapping or list in block style only where it begins.
    pub(crate) span: Range<usize>,
    /// Is it an alias? Then what it stands for is in another place.
    pub(crate) alias: bool,
    /// What it is; shared by all aliases of it, so that no text can make the tree larger than itself.
    pub(crate) value: Rc<Value>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is in the text.
    Number(String),
    Text(String),
    List(Style, Vec<Node>),
    Mapping(Style, Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

/// How a list or a mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// By indentation.
    Block,
    /// In brackets.
    Flow,
}

impl Node {
    /// Where its text ends, without blanks and line ends behind it.
    pub(crate) fn end(&self, text: &str) -> usize {
        let inner = match &*self.value {
            _ if self.alias => None,
            Value::List(Style::Block, items) => items.last(),
            Value::Mapping(Style::Block, entries) => entries.last().map(|entry| &entry.value),
            _ => None,
        };
        match inner {
            Some(inner) => inner.end(text),
            None => self.span.start + text.get(self.span.clone()).map_or(0, |own| own.trim_end().len()),
        }
    }

    /// The value of this key, in a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key.text() == Some(key)).map(|entry| &entry.value)
    }

    /// A mapping's entries; nothing of other values.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &*self.value {
            Value::Mapping(_, entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; nothing of other values.
    pub(crate) fn items(&self) -> &[Self] {
        match &*self.value {
            Value::List(_, items) => items,
            _ => &[],
        }
    }

    /// The text, of a text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &*self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for a message.
    pub(crate) fn describe(&self) -> String {
        match &*self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format!("the number {}", shortened(number)),
            Value::Text(text) => format!("the text \"{}\"", shortened(&text.escape_debug().to_string())),
            Value::List(..) => "a list".to_owned(),
            Value::Mapping(..) => "a mapping".to_owned(),
        }
    }
}

/// As much as a message bears.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
