//! One line of a captured screen: its text, and its text without what is faint.

use std::iter::Peekable;
use std::str::Chars;

/// A line of a screen without its escape sequences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledLine {
    /// The text, without trailing blanks.
    pub text: String,
    /// The same text with blanks in place of faint characters: programs show suggestions faintly, and a suggestion
    /// was not typed.
    pub firm: String,
}

impl StyledLine {
    /// Parses a line of the output of `capture-pane -e`.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let (mut text, mut firm, mut faint) = (String::new(), String::new(), false);
        let mut rest = line.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\x1b' => escape(&mut rest, &mut faint),
                control if control.is_control() => {}
                character => {
                    text.push(character);
                    firm.push(if faint { ' ' } else { character });
                }
            }
        }
        Self { text: text.trim_end().to_owned(), firm: firm.trim_end().to_owned() }
    }
}

/// Consumes the rest of an escape sequence (ECMA-48).
fn escape(rest: &mut Peekable<Chars<'_>>, faint: &mut bool) {
    match rest.next() {
        Some('[') => {
            let mut parameters = String::new();
            for character in rest.by_ref() {
                if ('\x40'..='\x7e').contains(&character) {
                    if character == 'm' {
                        *faint = faint_after(&parameters, *faint);
                    }
                    return;
                }
                parameters.push(character);
            }
        }
        // An operating system command, such as a hyperlink, ends with BEL or ESC \.
        Some(']') => {
            while let Some(character) = rest.next() {
                if character == '\x07' || (character == '\x1b' && rest.next_if_eq(&'\\').is_some()) {
                    return;
                }
            }
        }
        // The selection of a character set has one more byte.
        Some('(' | ')') => drop(rest.next()),
        _ => {}
    }
}

/// Returns whether text is faint after an SGR sequence with these parameters.
fn faint_after(parameters: &str, before: bool) -> bool {
    let mut faint = before;
    let mut words = parameters.split(';');
    while let Some(word) = words.next() {
        match word {
            "" | "0" | "22" => faint = false,
            "2" => faint = true,
            // The numbers of the color follow.
            "38" | "48" | "58" => match words.next() {
                Some("5") => drop(words.next()),
                Some("2") => drop(words.nth(2)),
                _ => {}
            },
            _ => {}
        }
    }
    faint
}

#[cfg(test)]
mod tests {
    use super::StyledLine;

    #[test]
    fn escape_sequences_are_removed_and_faint_text_is_blanked() {
        let table = [
            ("plain  ", "plain", "plain"),
            ("\x1b[1m›\x1b[0m\x1b[39m \x1b[2mAsk anything\x1b[0m", "› Ask anything", "›"),
            ("\x1b[38;5;2mgreen\x1b[39m", "green", "green"),
            ("\x1b[38;2;2;2;2mgrey", "grey", "grey"),
            ("\x1b[0;2mx\x1b[22my", "xy", " y"),
            ("\x1b]8;;http://h\x1b\\link\x1b]8;;\x1b\\ after", "link after", "link after"),
            ("\x1b(0q\x1b(B", "q", "q"),
            ("a\x1b[7m \x1b[0m", "a", "a"),
            ("cut \x1b[3", "cut", "cut"),
        ];
        for (line, text, firm) in table {
            let read = StyledLine::parse(line);
            assert_eq!((read.text.as_str(), read.firm.as_str()), (text, firm), "{line:?}");
        }
    }
}
