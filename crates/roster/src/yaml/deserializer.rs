//! Deserializes a YAML tree into types, with a position for every error.

use std::ops::Range;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::diagnostic::DiagnosticKind;
use super::scalar::plain;
use super::{Diagnostic, Entry, Node, Value};

/// Deserializes a node.
pub(super) struct NodeDeserializer<'a>(pub(super) &'a Node);

impl NodeDeserializer<'_> {
    /// Adds the position and the description of this node to a diagnostic.
    fn locate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let DiagnosticKind::Unexpected { expected, found: found @ None } = &mut *diagnostic.kind {
            *found = Some(self.0.describe());
            let help = help_for_type(expected, self.0);
            diagnostic.help = diagnostic.help.or(help);
        }
        diagnostic.at(self.0.span.clone())
    }

    /// The range that represents a mapping in a message: its first key.
    fn mapping_span(&self) -> Range<usize> {
        self.0.entries().first().map_or_else(|| self.0.span.clone(), |entry| entry.key.span.clone())
    }
}

/// What to do about a value of the wrong type.
fn help_for_type(expected: &str, found: &Node) -> Option<String> {
    match &*found.value {
        Value::Null if !found.span.is_empty() && found.span.len() == 1 => {
            Some("`~` means null in YAML: write \"~\" in quotes for the home directory".to_owned())
        }
        Value::Null if expected == "a list" => Some("expected a list; write `[]` for an empty list".to_owned()),
        Value::Null => Some(format!("expected {expected}: write a value after the colon, or remove the key")),
        Value::Number(number) if expected == "a string" => Some(format!("write it in quotes: \"{number}\"")),
        Value::Bool(value) if expected == "a string" => Some(format!("write it in quotes: \"{value}\"")),
        Value::Text(text) if !matches!(plain(text), Value::Text(_) | Value::Null) => {
            Some(format!("write it without quotes: {text}"))
        }
        _ => None,
    }
}

impl<'de> serde::Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Diagnostic;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Diagnostic> {
        let outcome = match &*self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visit_number(number, visitor),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(_, items) => visitor.visit_seq(ItemAccess(items.iter())),
            Value::Mapping(_, entries) => visitor.visit_map(EntryAccess { rest: entries.iter(), current: None }),
        };
        outcome.map_err(|diagnostic| self.locate(diagnostic))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Diagnostic> {
        let Value::Mapping(_, entries) = &*self.0.value else {
            let expected = "a mapping of keys to values".to_owned();
            return Err(self.locate(Diagnostic::from_kind(DiagnosticKind::Unexpected { expected, found: None })));
        };
        visitor.visit_map(EntryAccess { rest: entries.iter(), current: None }).map_err(|mut diagnostic| {
            if matches!(*diagnostic.kind, DiagnosticKind::UnknownKey { .. } | DiagnosticKind::MissingKey(_)) {
                diagnostic.container.get_or_insert(name);
            }
            diagnostic.at(self.mapping_span())
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Diagnostic> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &str, visitor: V) -> Result<V::Value, Diagnostic> {
    let unsigned = number.strip_prefix('+').unwrap_or(number);
    let whole = match (unsigned.strip_prefix("0x"), unsigned.strip_prefix("0o")) {
        (Some(digits), _) => u64::from_str_radix(digits, 16).ok(),
        (_, Some(digits)) => u64::from_str_radix(digits, 8).ok(),
        _ => unsigned.parse().ok(),
    };
    if let Some(whole) = whole {
        return visitor.visit_u64(whole);
    }
    if let Ok(negative) = number.parse::<i64>() {
        return visitor.visit_i64(negative);
    }
    // YAML's `.inf` and `.nan`, and numbers that do not fit in 64 bits.
    let spelled = match unsigned.trim_start_matches('-') {
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" => unsigned.replace('.', ""),
        _ => unsigned.to_owned(),
    };
    visitor.visit_f64(spelled.parse().unwrap_or(f64::NAN))
}

/// Deserializes the items of a list.
struct ItemAccess<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for ItemAccess<'_> {
    type Error = Diagnostic;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Diagnostic> {
        self.0.next().map(|node| seed.deserialize(NodeDeserializer(node))).transpose().map_err(|mut diagnostic| {
            if diagnostic.subject.is_none() && matches!(*diagnostic.kind, DiagnosticKind::Unexpected { .. }) {
                diagnostic.subject = Some("a list item".to_owned());
            }
            diagnostic
        })
    }
}

/// Deserializes the entries of a mapping.
struct EntryAccess<'a> {
    rest: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for EntryAccess<'_> {
    type Error = Diagnostic;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Diagnostic> {
        self.current = self.rest.next();
        self.current.map(|entry| seed.deserialize(KeyDeserializer(&entry.key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Diagnostic> {
        let Some(entry) = self.current else { return Err(Diagnostic::custom("a value was requested before its key")) };
        seed.deserialize(NodeDeserializer(&entry.value)).map_err(|diagnostic| with_key(diagnostic, entry))
    }
}

/// Names the key in a diagnostic about its value.
fn with_key(mut diagnostic: Diagnostic, entry: &Entry) -> Diagnostic {
    let is_about_key = matches!(*diagnostic.kind, DiagnosticKind::UnknownKey { .. } | DiagnosticKind::MissingKey(_));
    if diagnostic.subject.is_none() && !is_about_key {
        diagnostic.subject = entry.key.text().map(|key| format!("`{}`", key.escape_debug()));
    }
    // A value without a range, such as a missing one, is represented by its key.
    if !entry.value.span.is_empty() {
        return diagnostic.at(entry.value.span.clone());
    }
    if matches!(&diagnostic.labels[..], [label] if label.span == entry.value.span) {
        diagnostic.labels.clear();
    }
    diagnostic.at(entry.key.span.clone())
}

/// Deserializes a key.
struct KeyDeserializer<'a>(&'a Node);

impl<'de> serde::Deserializer<'de> for KeyDeserializer<'_> {
    type Error = Diagnostic;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Diagnostic> {
        let outcome = match self.0.text() {
            Some(text) => visitor.visit_str(text),
            None => Err(Diagnostic::new(format!("a key must be a string, not {}", self.0.describe()))),
        };
        outcome.map_err(|diagnostic| diagnostic.at(self.0.span.clone()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
