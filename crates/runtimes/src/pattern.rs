//! Regular expressions in runtime profiles.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};

use crate::StyledLine;

/// A regular expression for a line of a screen, in the syntax of the crate `regex`. It matches anywhere in the line unless
/// it is anchored, and its running time is linear in the length of the line.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "PatternText")]
pub struct Pattern {
    regex: Regex,
    /// On how many lines the program may show the text, if it does not fit on one.
    rows: usize,
}

/// How a pattern is written.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
enum PatternText {
    /// A regular expression for one line.
    Line(String),
    /// A regular expression for a text that a narrow pane wraps.
    Wrapped {
        /// The regular expression. The lines are joined by a blank, without their indentation.
        text: String,
        /// The largest number of lines.
        #[schemars(range(min = 1, max = 9))]
        rows: usize,
    },
}

impl Pattern {
    /// Returns whether the line contains a match.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        self.regex.is_match(line)
    }

    /// Returns the text from this line on that matches: the line, or as many as the pattern allows, joined.
    #[must_use]
    pub fn matching<'a>(&self, lines: &'a [StyledLine], at: usize) -> Option<Cow<'a, StyledLine>> {
        let first = lines.get(at)?;
        if self.regex.is_match(&first.text) {
            return Some(Cow::Borrowed(first));
        }
        let mut joined = first.clone();
        for line in lines.iter().skip(at + 1).take(self.rows - 1).take_while(|line| !line.text.is_empty()) {
            joined.join(line);
            if self.regex.is_match(&joined.text) {
                return Some(Cow::Owned(joined));
            }
        }
        None
    }

    /// Returns whether the text from this line on matches, and what a group named `styled` matches is drawn in a color of
    /// its own or faintly. The answers of an agent are drawn plainly.
    #[must_use]
    pub fn matches_styled(&self, lines: &[StyledLine], at: usize) -> bool {
        let Some(line) = self.matching(lines, at) else { return false };
        let Some(found) = self.regex.captures(&line.text) else { return false };
        let Some(styled) = found.name("styled") else { return true };
        let begin = line.text[..styled.start()].chars().count();
        let plain = line.plain.chars().skip(begin).take(styled.as_str().chars().count());
        plain.into_iter().all(char::is_whitespace)
    }

    /// Returns the capture groups of the first match in the line.
    #[must_use]
    pub fn captures<'a>(&self, line: &'a str) -> Option<Captures<'a>> {
        self.regex.captures(line)
    }

    /// Returns the text of the first capture group, which may be empty; without a group, the text of the whole match;
    /// `None` if the line does not match.
    pub fn first_group<'a>(&self, line: &'a str) -> Option<&'a str> {
        let captures = self.regex.captures(line)?;
        let group = usize::from(self.regex.captures_len() > 1);
        Some(captures.get(group).map_or("", |group| group.as_str()))
    }
}

impl TryFrom<PatternText> for Pattern {
    type Error = String;

    fn try_from(text: PatternText) -> Result<Self, Self::Error> {
        let (text, rows) = match text {
            PatternText::Line(text) => (text, 1),
            PatternText::Wrapped { text, rows } => (text, rows),
        };
        if !(1..=9).contains(&rows) {
            return Err(format!("`rows` is {rows}, expected 1 to 9"));
        }
        Regex::new(&text).map(|regex| Self { regex, rows }).map_err(|error| error.to_string())
    }
}

impl schemars::JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "pattern".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PatternText::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::StyledLine;

    fn lines(text: &str) -> Vec<StyledLine> {
        text.lines().map(StyledLine::parse).collect()
    }

    #[test]
    fn a_text_that_is_wrapped_is_joined_up_to_the_pattern_s_rows() {
        let table = [
            ("'to cancel$'", "esc to cancel", true),
            ("'esc to cancel$'", "esc\n  to cancel", false),
            ("{text: 'esc to cancel$', rows: 2}", "esc\n  to cancel", true),
            ("{text: 'esc to cancel$', rows: 2}", "esc\nto\ncancel", false),
            ("{text: 'esc to cancel$', rows: 3}", "esc\nto\ncancel", true),
            ("{text: 'esc to cancel$', rows: 3}", "esc\n\nto cancel", false),
            ("{text: '^(?<styled>esc) to', rows: 2}", "\x1b[2mesc\x1b[0m\nto cancel", true),
            ("{text: '^esc (?<styled>to)', rows: 2}", "esc\n  \x1b[31mto\x1b[0m cancel", true),
            ("{text: '^esc (?<styled>to)', rows: 2}", "\x1b[31mesc\x1b[0m\n  to cancel", false),
        ];
        for (pattern, text, expected) in table {
            let read: Pattern = serde_saphyr::from_str(pattern).unwrap();
            assert_eq!(read.matches_styled(&lines(text), 0), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_an_error() {
        for text in ["'('", "{text: a, rows: 0}", "{text: a, rows: 10}", "{text: a, row: 1}"] {
            assert!(serde_saphyr::from_str::<Pattern>(text).is_err(), "{text}");
        }
    }
}
