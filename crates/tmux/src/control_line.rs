//! One line of what tmux tells a client of its control mode.

use crate::PaneId;

/// A line, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ControlLine {
    /// A pane has printed something.
    Output(PaneId, Vec<u8>),
    /// Lines are missing here, because nobody took them.
    Lost,
    /// The client is about to end, for this reason.
    Exit(String),
    /// Something else.
    Other,
}

impl ControlLine {
    /// Not a word of tmux: it stands for the lines that are missing.
    pub(crate) const LOST: &str = "%lost";

    pub(crate) fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match word {
            "%exit" => Self::Exit(rest.to_owned()),
            "%output" => Self::output(line).unwrap_or(Self::Other),
            Self::LOST => Self::Lost,
            _ => Self::Other,
        }
    }

    fn output(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"%output ")?;
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let pane = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        Some(Self::Output(pane, unescaped(&rest[space + 1..])))
    }
}

/// What was printed: tmux writes control characters and the backslash as `\ooo`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match after {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] if *first == b'\\' => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::ControlLine;

    #[test]
    fn lines_of_tmux_are_read() {
        // Captured from tmux 3.3a.
        let output = |text: &[u8]| ControlLine::Output("%0".parse().unwrap(), text.to_vec());
        let table: [(&[u8], ControlLine); 9] = [
            (b"%begin 1795201382 269 1", ControlLine::Other),
            (b"%end 1795201382 269 1", ControlLine::Other),
            (b"%output", ControlLine::Other),
            (b"%exit", ControlLine::Exit(String::new())),
            (b"%exit too far behind", ControlLine::Exit("too far behind".to_owned())),
            (b"%output %0 a\\011b\\134c\\033[31mred\\015\\012", output(b"a\tb\\c\x1b[31mred\r\n")),
            (b"%output %0 \xff two  spaces ", output(b"\xff two  spaces ")),
            (b"%lost", ControlLine::Lost),
            (b"%session-changed $0 a1", ControlLine::Other),
        ];
        for (line, expected) in table {
            assert_eq!(ControlLine::parse(line), expected);
        }
    }
}
