//! How single values of the roster are read; what they must look like is said by their types.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use mosaic_domain::{HeartbeatInterval, SocketName};
use serde::de::{Deserializer, Error, Visitor};

use crate::{CpuQuota, Restart};

/// A value that the file has as text.
pub(crate) fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text { numbers: Numbers::Refused, expected: "a text", value: PhantomData })
}

/// The same, of a key that may be left out.
pub(crate) fn optional_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    text(deserializer).map(Some)
}

/// When systemd starts an agent again.
pub(crate) fn restart<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Restart>, D::Error> {
    let visitor = Text { numbers: Numbers::Refused, expected: "on-failure, always or no", value: PhantomData };
    deserializer.deserialize_str(visitor).map(Some)
}

/// A share of the processors: 150 alone could be meant in several ways.
pub(crate) fn cpu_quota<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CpuQuota>, D::Error> {
    let visitor = Text { numbers: Numbers::Refused, expected: "a percentage such as 50% or 150%", value: PhantomData };
    deserializer.deserialize_str(visitor).map(Some)
}

/// A value that is a number, or a text such as `2G`, of a key that may be left out.
pub(crate) fn number_or_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let visitor = Text { numbers: Numbers::Whole, expected: "a whole number or a text", value: PhantomData };
    deserializer.deserialize_any(visitor).map(Some)
}

/// Seconds between two beats: a number, not a text.
pub(crate) fn beat_interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HeartbeatInterval>, D::Error> {
    let visitor =
        Text { numbers: Numbers::Only, expected: "a number of seconds, such as 15 or 0.5", value: PhantomData };
    deserializer.deserialize_any(visitor).map(Some)
}

/// The socket of the fleet's own tmux server.
pub(crate) fn socket_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketName, D::Error> {
    let name: SocketName = text(deserializer)?;
    if name.as_str() == "default" {
        return Err(D::Error::custom(
            "'default' is the socket of a person's own tmux server, which a fleet never uses: \
             choose another name, such as mosaic-factory",
        ));
    }
    Ok(name)
}

/// A directory that means the same wherever the program was started.
pub(crate) fn working_directory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(directory) = one_line(deserializer)? else { return Ok(None) };
    if directory.starts_with('/') || directory == "~" || directory.starts_with("~/") {
        return Ok(Some(directory));
    }
    Err(D::Error::custom(format!(
        "'{directory}' is relative, and an agent has no directory that it could be relative to: \
         write an absolute path, or one from the home directory (~/{})",
        directory.trim_start_matches("./").trim_start_matches('~')
    )))
}

/// A text that becomes one line of a file, or is typed into a terminal.
pub(crate) fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: String = text(deserializer)?;
    match text.chars().find(|character| character.is_control()) {
        None if text.trim().is_empty() => Err(D::Error::custom("the text is empty: write one or remove the key")),
        None => Ok(Some(text)),
        Some('\n') => Err(D::Error::custom(
            "the text has a line break, and must be one line: write it on one line (or with `>-` instead of `|` or `>`)",
        )),
        Some(control) => Err(refuse_control(control)),
    }
}

/// A text of several lines.
pub(crate) fn paragraphs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: String = text(deserializer)?;
    match text.chars().find(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        None => Ok(Some(text)),
        Some(control) => Err(refuse_control(control)),
    }
}

fn refuse_control<E: Error>(control: char) -> E {
    E::custom(format!("the text has the control character {}, which no such text may have", control.escape_unicode()))
}

/// Which numbers stand for a value.
enum Numbers {
    Refused,
    Whole,
    Only,
}

/// Takes what `T` can be parsed from.
struct Text<T> {
    numbers: Numbers,
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T: FromStr<Err: Display>> Text<T> {
    fn parse<E: Error>(text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<T: FromStr<Err: Display>> Visitor<'_> for Text<T> {
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
