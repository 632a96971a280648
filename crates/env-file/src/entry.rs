//! A lossless parser, after systemd's `src/basic/env-file.c`.
//!
//! The text is split into entries: an assignment with its continuation lines, a comment, or a blank line. The entries
//! joined together are the text, byte for byte.

/// An entry of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bytes of the file, including the line end.
    pub raw: String,
    /// What systemd makes of it.
    pub kind: EntryKind,
    /// Whether text appended to the entry would become part of it.
    pub end: End,
}

/// The kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A comment, a blank line, or a line that systemd ignores.
    Other,
    /// An assignment, with its value as systemd unquotes it.
    Assignment {
        /// What is before the `=`, which need not be the name of a variable.
        key: String,
        /// The unquoted value.
        value: String,
    },
}

/// Whether an entry is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Text appended to it begins another entry.
    Closed,
    /// The file ends within a quote or after a backslash, so the entry would include any text appended to it.
    Open,
}

/// The states of systemd's parser.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    PreKey,
    Key,
    PreValue,
    Value,
    ValueEscape,
    SingleQuote,
    DoubleQuote,
    DoubleQuoteEscape,
    Comment,
    CommentEscape,
}

/// Splits a text into its entries. Every text is valid.
#[must_use]
pub fn parse(text: &str) -> Vec<Entry> {
    let mut parser = Parser::default();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        // systemd parses a C string, which ends at a NUL.
        if character == '\0' {
            parser.finish();
            let raw = text.get(at..).unwrap_or_default().to_owned();
            parser.entries.push(Entry { raw, kind: EntryKind::Other, end: End::Open });
            return parser.entries;
        }
        if parser.raw.is_empty() {
            let line = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len() - at, |end| end + 1);
            parser.raw.reserve(line);
        }
        parser.raw.push(character);
        parser.take(character);
        // CRLF stays in one entry; systemd skips the LF as whitespace.
        let carriage_return = character == '\r' && parser.state == State::PreKey;
        if carriage_return && let Some((_, newline)) = characters.next_if(|(_, next)| *next == '\n') {
            parser.raw.push(newline);
        }
        if parser.state == State::PreKey && matches!(character, '\n' | '\r') {
            parser.close(End::Closed);
        }
    }
    parser.finish();
    parser.entries
}

/// Initial capacities that fit most keys and values. Growing the strings dominates the cost of parsing.
const USUAL_KEY: usize = 32;
const USUAL_VALUE: usize = 64;

#[derive(Default)]
struct Parser {
    entries: Vec<Entry>,
    raw: String,
    state: State,
    key: String,
    value: String,
    /// The length of the value without trailing whitespace.
    kept: usize,
    assigned: bool,
}

fn is_newline(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

fn is_whitespace(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

impl Parser {
    fn take(&mut self, character: char) {
        self.state = match self.state {
            // Before systemd 254, a backslash at the end of a comment continued the comment on the next line.
            State::Key | State::PreValue | State::Value | State::Comment | State::CommentEscape
                if is_newline(character) =>
            {
                State::PreKey
            }
            State::PreKey if matches!(character, '#' | ';') => State::Comment,
            State::PreKey if is_whitespace(character) => State::PreKey,
            State::Key if character == '=' => {
                self.assigned = true;
                self.value.reserve(USUAL_VALUE);
                State::PreValue
            }
            State::PreKey | State::Key => {
                if self.key.is_empty() {
                    self.key.reserve(USUAL_KEY);
                }
                self.key.push(character);
                State::Key
            }
            State::PreValue if character == '\'' => State::SingleQuote,
            State::PreValue if character == '"' => State::DoubleQuote,
            State::PreValue if is_whitespace(character) => State::PreValue,
            State::PreValue | State::Value if character == '\\' => {
                self.keep();
                State::ValueEscape
            }
            State::PreValue | State::Value => {
                self.value.push(character);
                if !is_whitespace(character) {
                    self.keep();
                }
                State::Value
            }
            State::ValueEscape => {
                if !is_newline(character) {
                    self.push(character);
                }
                State::Value
            }
            State::SingleQuote if character == '\'' => State::PreValue,
            State::DoubleQuote if character == '"' => State::PreValue,
            State::DoubleQuote if character == '\\' => State::DoubleQuoteEscape,
            State::SingleQuote | State::DoubleQuote => {
                self.push(character);
                self.state
            }
            State::DoubleQuoteEscape => {
                if !matches!(character, '"' | '\\' | '`' | '$' | '\n') {
                    self.push('\\');
                }
                if character != '\n' {
                    self.push(character);
                }
                State::DoubleQuote
            }
            State::Comment if character == '\\' => State::CommentEscape,
            State::Comment | State::CommentEscape => State::Comment,
        };
    }

    fn push(&mut self, character: char) {
        self.value.push(character);
        self.keep();
    }

    fn keep(&mut self) {
        self.kept = self.value.len();
    }

    fn close(&mut self, end: End) {
        if self.raw.is_empty() {
            return;
        }
        let (mut key, mut value) = (std::mem::take(&mut self.key), std::mem::take(&mut self.value));
        value.truncate(self.kept);
        key.truncate(key.trim_end_matches(is_whitespace).len());
        let kind = if self.assigned { EntryKind::Assignment { key, value } } else { EntryKind::Other };
        self.entries.push(Entry { raw: std::mem::take(&mut self.raw), kind, end });
        (self.kept, self.assigned, self.state) = (0, false, State::PreKey);
    }

    fn finish(&mut self) {
        let open = matches!(
            self.state,
            State::ValueEscape | State::SingleQuote | State::DoubleQuote | State::DoubleQuoteEscape
        );
        // A backslash before the last line end: the value would continue on the next line.
        let open = open || self.state == State::Value && self.raw.ends_with(is_newline);
        // A backslash as the last character of the file is ignored.
        self.close(if open { End::Open } else { End::Closed });
    }
}

/// Whether systemd accepts a variable of this name.
#[must_use]
pub fn is_variable_name(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|first: char| first.is_ascii_digit())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Quotes a value, if needed, such that systemd and a shell read it back unchanged.
#[must_use]
pub fn quote(value: &str) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,@%+=~".contains(&byte);
    if value.bytes().all(is_safe) {
        return value.to_owned();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{EntryKind, parse, quote};
    use proptest::prelude::*;

    pub(super) fn variables(text: &str) -> Vec<(String, String)> {
        let assignment = |entry: super::Entry| match entry.kind {
            EntryKind::Assignment { key, value } => Some((key, value)),
            EntryKind::Other => None,
        };
        parse(text).into_iter().filter_map(assignment).collect()
    }

    #[test]
    fn values_are_unquoted_as_in_systemd() {
        let table: [(&str, &[(&str, &str)]); 22] = [
            ("A=1\nB=2", &[("A", "1"), ("B", "2")]),
            ("# A=1\n; B=2\n\n  C=3\n", &[("C", "3")]),
            ("A = 1 \t\n", &[("A", "1")]),
            ("A=\n", &[("A", "")]),
            ("A=one two  \n", &[("A", "one two")]),
            ("A='one  two '\n", &[("A", "one  two ")]),
            ("A=\"one $two `x` \\\"y\\\" \\\\ \\n\"\n", &[("A", "one $two `x` \"y\" \\ \\n")]),
            ("A=\"\\$x\"\n", &[("A", "$x")]),
            ("A=one\\\ntwo\n", &[("A", "onetwo")]),
            ("A=one \\\n  two\n", &[("A", "one   two")]),
            ("A=\"one\\\ntwo\"\n", &[("A", "onetwo")]),
            ("A=\"one\ntwo\"\n", &[("A", "one\ntwo")]),
            ("A='one\\\ntwo'\n", &[("A", "one\\\ntwo")]),
            ("A=a\\ \n", &[("A", "a ")]),
            ("A=a\\n\\\"\n", &[("A", "an\"")]),
            ("A=x # no comment\n", &[("A", "x # no comment")]),
            ("A='x' 'y'\n", &[("A", "xy")]),
            ("A=x'y'\n", &[("A", "x'y'")]),
            ("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]),
            ("no assignment\nA=1\n", &[("A", "1")]),
            ("A=\"open\nB=2", &[("A", "open\nB=2")]),
            ("A=1\0\nB=2\n", &[("A", "1")]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> =
                expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(variables(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_entries_joined_are_the_text(text in "([A-C]=|[#;'\"\\\\ \\r\\n\\t\\x00x$=]){0,40}") {
            let joined: String = parse(&text).into_iter().map(|entry| entry.raw).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn a_quoted_value_is_parsed_back_unchanged(value in "[^\\x00-\\x1f]*") {
            prop_assert_eq!(variables(&format!("A={}\n", quote(&value))), [("A".to_owned(), value)]);
        }
    }
}
