//! From a tree to types.

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Kind;
use super::key::Entries;
use super::{Fault, Node, Value};

/// Hands a node to the type that reads it.
pub(super) struct NodeReader<'a>(pub(super) &'a Node);

impl NodeReader<'_> {
    /// The fault gets the place and the value that it is about.
    fn complete(&self, mut fault: Fault) -> Fault {
        if let Kind::Unexpected { expected, found: found @ None } = &mut *fault.kind {
            *found = Some(self.0.describe());
            let advice = advice(expected, self.0);
            fault.advice = fault.advice.or(advice);
        }
        fault.at(self.0.span.clone())
    }

    /// What can be shown of a mapping: its first key.
    fn place(&self) -> std::ops::Range<usize> {
        self.0.entries().first().map_or_else(|| self.0.span.clone(), |entry| entry.key.span.clone())
    }
}

/// What to do about a value of the wrong type.
fn advice(expected: &str, found: &Node) -> Option<String> {
    match &*found.value {
        Value::Null if !found.span.is_empty() && found.span.len() == 1 => {
            Some("`~` alone means \"nothing\" in YAML: write \"~\" in quotes for the home directory".to_owned())
        }
        Value::Null if expected == "a list" => Some("expected a list; one of nothing is written `[]`".to_owned()),
        Value::Null => Some(format!("expected {expected}: write it after the colon, or leave the key out")),
        Value::Number(number) if expected == "a text" => Some(format!("write it in quotes: \"{number}\"")),
        Value::Bool(value) if expected == "a text" => Some(format!("write it in quotes: \"{value}\"")),
        Value::Text(text) if !matches!(super::scalar::plain(text), Value::Text(_) | Value::Null) => {
            Some(format!("write it without quotes: {text}"))
        }
        _ => None,
    }
}

impl<'de> serde::Deserializer<'de> for NodeReader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let outcome = match &*self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => visit_number(number, visitor),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(_, items) => visitor.visit_seq(Items(items.iter())),
            Value::Mapping(_, entries) => visitor.visit_map(Entries { rest: entries.iter(), current: None }),
        };
        outcome.map_err(|fault| self.complete(fault))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Value::Mapping(_, entries) = &*self.0.value else {
            let expected = "a mapping of keys to values".to_owned();
            return Err(self.complete(Fault::of(Kind::Unexpected { expected, found: None })));
        };
        visitor.visit_map(Entries { rest: entries.iter(), current: None }).map_err(|mut fault| {
            if matches!(*fault.kind, Kind::UnknownKey { .. } | Kind::MissingKey(_)) {
                fault.container.get_or_insert(name);
            }
            fault.at(self.place())
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &str, visitor: V) -> Result<V::Value, Fault> {
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
    // YAML's `.inf` and `.nan`, and what is too long for 64 bits.
    let spelled = match unsigned.trim_start_matches('-') {
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" => unsigned.replace('.', ""),
        _ => unsigned.to_owned(),
    };
    visitor.visit_f64(spelled.parse().unwrap_or(f64::NAN))
}

/// Hands a list's items to the type that reads them.
struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0.next().map(|node| seed.deserialize(NodeReader(node))).transpose().map_err(|mut fault| {
            if fault.subject.is_none() && matches!(*fault.kind, Kind::Unexpected { .. }) {
                fault.subject = Some("an item of this list".to_owned());
            }
            fault
        })
    }
}
