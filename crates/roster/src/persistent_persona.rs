//! Whether an agent stays who it is.

use std::fmt;

/// Does an agent keep its persona from task to task?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PersistentPersona {
    /// `true`.
    Yes,
    /// `false`, also when the key is left out.
    #[default]
    No,
    /// `semi`: it is for the agent to say.
    Semi,
}

impl PersistentPersona {
    /// As the roster writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "true",
            Self::No => "false",
            Self::Semi => "semi",
        }
    }
}

impl fmt::Display for PersistentPersona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for PersistentPersona {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

/// Takes `true`, `false` and `semi`, and no other spelling of them.
struct Words;

impl serde::de::Visitor<'_> for Words {
    type Value = PersistentPersona;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or semi")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { PersistentPersona::Yes } else { PersistentPersona::No })
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        match value {
            "semi" => Ok(PersistentPersona::Semi),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}

impl schemars::JsonSchema for PersistentPersona {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PersistentPersona".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "enum": [true, false, "semi"], "default": false })
    }
}
