//! Writes to standard error.

use std::io::{self, Write};

/// Says something to whoever typed the command, in one go. What cannot be written is lost: that
/// nobody hears it is no reason to end otherwise.
pub(crate) fn tell(text: &str) {
    let _ = io::stderr().lock().write_all((harmless(text) + "\n").as_bytes());
}

/// The text, without what would change a terminal: names and paths in it are somebody else's.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            _ if super::line::is_dangerous(letter) => shown.extend(letter.escape_default()),
            _ => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nothing_in_a_name_reaches_the_terminal_as_a_command() {
        let table = [
            ("at line 3:\n\t| é界", "at line 3:\n\t| é界"),
            ("/no\x1b[31m\r\x07", "/no\\u{1b}[31m\\r\\u{7}"),
            ("\u{9b}2J \u{202e}txt", "\\u{9b}2J \\u{202e}txt"),
        ];
        for (text, shown) in table {
            assert_eq!(harmless(text), shown);
        }
    }
}
