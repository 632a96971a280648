//! YAML text as a tree in which every value knows its place, and faults that show that place.
//!
//! Nothing here knows what a roster is. The tree is read into types by [`read`], through their
//! `Deserialize`: one set of types says what is allowed, to this reader and to the schema.

mod deserializer;
mod fault;
mod key;
mod node;
mod scalar;
mod snippet;
mod tree;

pub(crate) use fault::{Fault, Mark};
pub(crate) use node::{Entry, Node, Style, Value};
pub(crate) use scalar::{Quotes, written};
pub(crate) use snippet::{place, snippet};
use tree::BYTE_ORDER_MARK;
pub(crate) use tree::parse;

/// Reads a value out of a tree.
pub(crate) fn read<T: serde::de::DeserializeOwned>(node: &Node) -> Result<T, Fault> {
    T::deserialize(deserializer::NodeReader(node))
}
