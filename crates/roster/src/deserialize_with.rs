//! Functions for `#[serde(deserialize_with = …)]` of the roster's fields.
//!
//! They decide which YAML types a field accepts and what an error says was expected. The syntax of a value is checked
//! by the `FromStr` of its type.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use mosaic_domain::{HeartbeatInterval, SocketName};
use serde::de::{Deserializer, Error, Visitor};

use crate::{CpuQuota, RestartPolicy};

/// A required string.
pub(crate) fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(FromStrVisitor { numbers: Numbers::Refused, expected: "a string", value: PhantomData })
}

/// An optional string.
pub(crate) fn optional_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    text(deserializer).map(Some)
}

/// A [`RestartPolicy`] as a string. YAML's `no` is a string in the core schema, and `false` is refused.
pub(crate) fn restart_policy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RestartPolicy>, D::Error> {
    let visitor =
        FromStrVisitor { numbers: Numbers::Refused, expected: "on-failure, always or no", value: PhantomData };
    deserializer.deserialize_str(visitor).map(Some)
}

/// A CPU quota as a string with a percent sign: the number 150 would be ambiguous.
pub(crate) fn cpu_quota<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CpuQuota>, D::Error> {
    let visitor =
        FromStrVisitor { numbers: Numbers::Refused, expected: "a percentage such as 50% or 150%", value: PhantomData };
    deserializer.deserialize_str(visitor).map(Some)
}

/// An optional whole number, or a string such as `2G`.
pub(crate) fn number_or_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let visitor =
        FromStrVisitor { numbers: Numbers::Whole, expected: "a whole number or a string", value: PhantomData };
    deserializer.deserialize_any(visitor).map(Some)
}

/// The heartbeat interval in seconds: a number, not a string.
pub(crate) fn beat_interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HeartbeatInterval>, D::Error> {
    let visitor = FromStrVisitor {
        numbers: Numbers::Only,
        expected: "a number of seconds, such as 15 or 0.5",
        value: PhantomData,
    };
    deserializer.deserialize_any(visitor).map(Some)
}

/// The socket of the fleet's tmux server, which must not be the user's own server.
pub(crate) fn socket_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketName, D::Error> {
    let name: SocketName = text(deserializer)?;
    if name.as_str() == "default" {
        return Err(D::Error::custom(
            "'default' is the socket of your personal tmux server, which a fleet never uses: \
             choose another name, such as mosaic-factory",
        ));
    }
    Ok(name)
}

/// A working directory that does not depend on the directory that a program was started in.
pub(crate) fn working_directory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(directory) = one_line(deserializer)? else { return Ok(None) };
    if directory.starts_with('/') || directory == "~" || directory.starts_with("~/") {
        return Ok(Some(directory));
    }
    Err(D::Error::custom(format!(
        "'{directory}' is a relative path: write an absolute path, or one below the home directory (~/{})",
        directory.trim_start_matches("./").trim_start_matches('~')
    )))
}

/// A string that is written as one line of a file or typed into a terminal.
pub(crate) fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: String = text(deserializer)?;
    match text.chars().find(|character| character.is_control()) {
        None if text.trim().is_empty() => Err(D::Error::custom("the value is empty: enter a text or remove the key")),
        None => Ok(Some(text)),
        Some('\n') => Err(D::Error::custom(
            "the value contains a line break: write it on one line (or with `>-` instead of `|` or `>`)",
        )),
        Some(control) => Err(refuse_control(control)),
    }
}

/// A string of several lines.
pub(crate) fn paragraphs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: String = text(deserializer)?;
    match text.chars().find(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        None => Ok(Some(text)),
        Some(control) => Err(refuse_control(control)),
    }
}

fn refuse_control<E: Error>(control: char) -> E {
    E::custom(format!("the value contains the control character {}, which is not allowed", control.escape_unicode()))
}

/// Which numbers a field accepts.
enum Numbers {
    /// Strings only.
    Refused,
    /// Whole numbers and strings.
    Whole,
    /// Numbers only.
    Only,
}

/// Parses a `T` from a string or from the decimal digits of a number.
struct FromStrVisitor<T> {
    numbers: Numbers,
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T: FromStr<Err: Display>> FromStrVisitor<T> {
    fn parse<E: Error>(text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<T: FromStr<Err: Display>> Visitor<'_> for FromStrVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        match self.numbers {
            Numbers::Only => Err(E::invalid_type(serde::de::Unexpected::Str(value), &self)),
            Numbers::Refused | Numbers::Whole => Self::parse(value),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        match self.numbers {
            Numbers::Refused => Err(E::invalid_type(serde::de::Unexpected::Unsigned(value), &self)),
            Numbers::Only | Numbers::Whole => Self::parse(&value.to_string()),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        match self.numbers {
            Numbers::Refused => Err(E::invalid_type(serde::de::Unexpected::Signed(value), &self)),
            Numbers::Only | Numbers::Whole => Self::parse(&value.to_string()),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        match self.numbers {
            Numbers::Refused | Numbers::Whole => Err(E::invalid_type(serde::de::Unexpected::Float(value), &self)),
            Numbers::Only => Self::parse(&value.to_string()),
        }
    }
}
