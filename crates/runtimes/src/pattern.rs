//! Regular expressions in runtime profiles.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};

use crate::StyledLine;

/// A regular expression for one line of a screen, in the syntax of the crate `regex`. It matches anywhere in the line
/// unless it is anchored, and its running time is linear in the length of the line.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl Pattern {
    /// Returns whether the line contains a match.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        self.0.is_match(line)
    }

    /// Returns whether the line contains a match, and what a group named `styled` matches is drawn in a color of its own or
    /// faintly. The answers of an agent are drawn plainly.
    #[must_use]
    pub fn matches_styled(&self, line: &StyledLine) -> bool {
        let Some(found) = self.0.captures(&line.text) else { return false };
        let Some(styled) = found.name("styled") else { return true };
        let begin = line.text[..styled.start()].chars().count();
        let plain = line.plain.chars().skip(begin).take(styled.as_str().chars().count());
        plain.into_iter().all(char::is_whitespace)
    }

    /// Returns the capture groups of the first match in the line.
    #[must_use]
    pub fn captures<'a>(&self, line: &'a str) -> Option<Captures<'a>> {
        self.0.captures(line)
    }

    /// Returns the text of the first capture group, which may be empty; without a group, the text of the whole match;
    /// `None` if the line does not match.
    pub fn first_group<'a>(&self, line: &'a str) -> Option<&'a str> {
        let captures = self.0.captures(line)?;
        let group = usize::from(self.0.captures_len() > 1);
        Some(captures.get(group).map_or("", |group| group.as_str()))
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Self)
    }
}

impl schemars::JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "pattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "A regular expression for one line."})
    }
}
