//! Tabs in captured lines, as columns.
//!
//! tmux 3.6 and later captures the tabs that a program printed as tabs. Every reader of a screen counts columns, so each
//! tab is replaced by the blanks up to the next tab stop.

use unicode_width::UnicodeWidthChar;

/// The distance of tab stops that a terminal begins with.
const TAB_STOP: usize = 8;

/// Replaces the tabs of a line. Escape sequences, which occupy no columns, stay as they are.
pub(crate) fn expand_tabs(line: String) -> String {
    if !line.contains('\t') {
        return line;
    }
    let mut expanded = String::with_capacity(line.len() + TAB_STOP);
    let mut column = 0;
    let mut rest = line.as_str();
    while let Some(character) = rest.chars().next() {
        let is_escape = character == '\x1b';
        let length = if is_escape { escape_sequence_length(rest) } else { character.len_utf8() };
        let (token, after) = rest.split_at(length);
        if character == '\t' {
            let blanks = TAB_STOP - column % TAB_STOP;
            expanded.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        } else {
            expanded.push_str(token);
            column += if is_escape { 0 } else { character.width().unwrap_or(0) };
        }
        rest = after;
    }
    expanded
}

/// The length of the escape sequence at the beginning of a text: a control sequence (`ESC [ … letter`), a string such as
/// a hyperlink (`ESC ] … ESC \\`), or two characters.
fn escape_sequence_length(text: &str) -> usize {
    let body = &text[1..];
    let length = match body.chars().next() {
        Some('[') => body[1..].find(|character| matches!(character, '@'..='~')).map(|at| at + 2),
        Some(']') => match (body.find("\x1b\\"), body.find('\x07')) {
            (Some(end), Some(bell)) if bell < end => Some(bell + 1),
            (Some(end), _) => Some(end + 2),
            (None, bell) => bell.map(|bell| bell + 1),
        },
        Some('(' | ')') => body[1..].chars().next().map(|set| 1 + set.len_utf8()),
        Some(other) => Some(other.len_utf8()),
        None => Some(0),
    };
    length.map_or(text.len(), |length| length + 1)
}

#[cfg(test)]
mod tests {
    use super::expand_tabs;

    #[test]
    fn a_tab_reaches_the_next_multiple_of_eight_columns() {
        let table = [
            ("no tab", "no tab"),
            ("a\tb\tc", "a       b       c"),
            ("\t\tx", "                x"),
            ("12345678\tx", "12345678        x"),
            ("1234567\tx", "1234567 x"),
            // A wide character occupies two columns, a combining one none.
            ("日本\tx", "日本    x"),
            ("e\u{301}\tx", "e\u{301}       x"),
            // Colors and hyperlinks occupy none.
            ("\x1b[1;31mme\x1b[0m\tat$ ", "\x1b[1;31mme\x1b[0m      at$ "),
            ("\x1b]8;;http://a.example/\x1b\\a\x1b]8;;\x07\tb", "\x1b]8;;http://a.example/\x1b\\a\x1b]8;;\x07       b"),
            ("\x1b(0q\x1b(B\tx", "\x1b(0q\x1b(B       x"),
            // An unfinished sequence.
            ("a\tb\x1b[1", "a       b\x1b[1"),
            ("a\tb\x1b", "a       b\x1b"),
        ];
        for (line, expected) in table {
            assert_eq!(expand_tabs(line.to_owned()), expected, "{line:?}");
        }
    }
}
