//! The syntax of systemd's `EnvironmentFile=`, as its `src/basic/env-file.c` reads it.
//!
//! A text falls into pieces, each an assignment with its continuation lines, a comment or a blank
//! line; joined again they are the text, byte for byte.

/// A piece of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// As it is in the file, with its line end.
    pub(crate) raw: String,
    pub(crate) kind: Kind,
    /// Is its end still to come? An open quote or a backslash at the end of the file takes in all that would follow.
    pub(crate) end: End,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A comment, a blank line, or a line that systemd passes over.
    Other,
    Assignment {
        key: String,
        value: String,
    },
}

/// Whether something may follow a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Open,
}

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

/// Takes a text apart.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut reader = Reader::default();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        // systemd reads a C string.
        if character == '\0' {
            reader.finish();
            let raw = text.get(at..).unwrap_or_default().to_owned();
            reader.pieces.push(Piece { raw, kind: Kind::Other, end: End::Open });
            return reader.pieces;
        }
        if reader.raw.is_empty() {
            let line = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len() - at, |end| end + 1);
            reader.raw.reserve(line);
        }
        reader.raw.push(character);
        reader.take(character);
        // A line end of two characters belongs to one piece; systemd passes over the second as a blank.
        let carriage_return = character == '\r' && reader.state == State::PreKey;
        if carriage_return && let Some((_, newline)) = characters.next_if(|(_, next)| *next == '\n') {
            reader.raw.push(newline);
        }
        if reader.state == State::PreKey && matches!(character, '\n' | '\r') {
            reader.close(End::Closed);
        }
    }
    reader.finish();
    reader.pieces
}

/// Room that most keys and values fit in. Grown bit by bit, they would be what reading costs.
const USUAL_KEY: usize = 32;
const USUAL_VALUE: usize = 64;

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    raw: String,
    state: State,
    key: String,
    value: String,
    /// How much of the value stays when the blanks at its end are cut off.
    kept: usize,
    assigned: bool,
}

fn newline(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

fn blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

impl Reader {
    fn take(&mut self, character: char) {
        self.state = match self.state {
            // Until systemd 253 a comment that ends with a backslash went on in the next line.
            State::Key | State::PreValue | State::Value | State::Comment | State::CommentEscape
                if newline(character) =>
            {
                State::PreKey
            }
            State::PreKey if matches!(character, '#' | ';') => State::Comment,
            State::PreKey if blank(character) => State::PreKey,
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
            State::PreValue if blank(character) => State::PreValue,
            State::PreValue | State::Value if character == '\\' => {
                self.keep();
                State::ValueEscape
            }
            State::PreValue | State::Value => {
                self.value.push(character);
                if !blank(character) {
                    self.keep();
                }
                State::Value
            }
            State::ValueEscape => {
                if !newline(character) {
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
        key.truncate(key.trim_end_matches(blank).len());
        let kind = if self.assigned { Kind::Assignment { key, value } } else { Kind::Other };
        self.pieces.push(Piece { raw: std::mem::take(&mut self.raw), kind, end });
        (self.kept, self.assigned, self.state) = (0, false, State::PreKey);
    }

    fn finish(&mut self) {
        let open = matches!(
            self.state,
            State::ValueEscape | State::SingleQuote | State::DoubleQuote | State::DoubleQuoteEscape
        );
        // A backslash before the last line end: the value goes on in a line that is not there.
        let open = open || self.state == State::Value && self.raw.ends_with(newline);
        // A backslash that is the file's last character stands for nothing.
        self.close(if open { End::Open } else { End::Closed });
    }
}

/// Would systemd take a variable of this name?
pub(crate) fn is_name(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|first: char| first.is_ascii_digit())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value so that systemd, and a shell, read it back exactly.
pub(crate) fn quoted(value: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,@%+=~".contains(&byte);
    if value.bytes().all(harmless) {
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
    use super::{Kind, pieces, quoted};
    use proptest::prelude::*;

    pub(super) fn variables(text: &str) -> Vec<(String, String)> {
        let assignment = |piece: super::Piece| match piece.kind {
            Kind::Assignment { key, value } => Some((key, value)),
            Kind::Other => None,
        };
        pieces(text).into_iter().filter_map(assignment).collect()
    }

    #[test]
    fn the_table_of_systemds_syntax() {
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
        fn pieces_are_the_text(text in "([A-C]=|[#;'\"\\\\ \\r\\n\\t\\x00x$=]){0,40}") {
            let joined: String = pieces(&text).into_iter().map(|piece| piece.raw).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn what_is_written_is_read_back(value in "[^\\x00-\\x1f]*") {
            prop_assert_eq!(variables(&format!("A={}\n", quoted(&value))), [("A".to_owned(), value)]);
        }
    }
}
