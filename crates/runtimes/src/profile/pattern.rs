//! A regular expression in a profile.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};

/// A regular expression for one line, in the syntax of Rust's `regex`; it matches anywhere in the line
/// unless it is anchored. Its time is linear in the line's length, whatever it is.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl Pattern {
    /// Is it in this line?
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        self.0.is_match(line)
    }

    /// Its groups in this line.
    #[must_use]
    pub fn captures<'a>(&self, line: &'a str) -> Option<Captures<'a>> {
        self.0.captures(line)
    }

    /// What its first group matched, which may be nothing, or all that it matched if it has no group;
    /// `None` if it does not match.
    pub fn first_group<'a>(&self, line: &'a str) -> Option<&'a str> {
        let found = self.0.captures(line)?;
        let group = usize::from(self.0.captures_len() > 1);
        Some(found.get(group).map_or("", |found| found.as_str()))
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
