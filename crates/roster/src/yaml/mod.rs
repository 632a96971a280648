//! A YAML parser that keeps the position of every value, and errors that show that position.
//!
//! This module is independent of the roster. [`read`] deserializes a tree with `serde`, so that the same types define
//! what the parser accepts and what the JSON Schema declares.

mod deserializer;
mod diagnostic;
mod scalar;
mod tree;

pub(crate) use diagnostic::{Diagnostic, line_and_column, snippet};
pub(crate) use scalar::{Quotes, to_scalar};
pub(crate) use tree::{Entry, Node, Style, Value, parse};

/// Deserializes a tree.
pub(crate) fn read<T: serde::de::DeserializeOwned>(node: &Node) -> Result<T, Diagnostic> {
    T::deserialize(deserializer::NodeDeserializer(node))
}
