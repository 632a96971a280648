//! Keys of mappings.

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::deserializer::NodeReader;
use super::fault::Kind;
use super::{Entry, Fault, Node};

/// Hands a mapping's entries to the type that reads them.
pub(super) struct Entries<'a> {
    pub(super) rest: std::slice::Iter<'a, Entry>,
    pub(super) current: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        self.current.map(|entry| seed.deserialize(KeyReader(&entry.key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.current else { return Err(Fault::custom("a value was asked for before its key")) };
        seed.deserialize(NodeReader(&entry.value)).map_err(|fault| in_key(fault, entry))
    }
}

/// A fault of a value is told with its key.
fn in_key(mut fault: Fault, entry: &Entry) -> Fault {
    let of_a_key = matches!(*fault.kind, Kind::UnknownKey { .. } | Kind::MissingKey(_));
    if fault.subject.is_none() && !of_a_key {
        fault.subject = entry.key.text().map(|key| format!("`{}`", key.escape_debug()));
    }
    // A value without a place of its own, such as nothing, is shown by its key.
    if !entry.value.span.is_empty() {
        return fault.at(entry.value.span.clone());
    }
    if matches!(&fault.marks[..], [mark] if mark.span == entry.value.span) {
        fault.marks.clear();
    }
    fault.at(entry.key.span.clone())
}

/// Hands over a key.
struct KeyReader<'a>(&'a Node);

impl<'de> serde::Deserializer<'de> for KeyReader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let outcome = match self.0.text() {
            Some(text) => visitor.visit_str(text),
            None => Err(Fault::new(format!("a key must be a text, not {}", self.0.describe()))),
        };
        outcome.map_err(|fault| fault.at(self.0.span.clone()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
