//! Converts what a program writes to its terminal to text.
//!
//! Escape sequences are removed, so that the output of an agent cannot change this terminal. For a terminal, colors and
//! lines that overwrite themselves are kept. A movement of the cursor to another line starts a new line.

use vte::{Params, Parser, Perform};

/// A converter for a stream of bytes, in pieces of any size.
pub(super) struct TerminalText {
    parser: Parser,
    writer: TextWriter,
    /// Whether the last byte was the first byte of U+0080 to U+00BF in UTF-8, of which half are control characters.
    pending_latin: bool,
}

/// The first byte of U+0080 to U+00BF in UTF-8.
const LATIN: u8 = 0xc2;
/// The control character that ends an incomplete sequence.
const CANCEL: u8 = 0x18;

impl TerminalText {
    /// Makes a converter for a terminal, or for a file or a pipe.
    pub(super) fn new(is_terminal: bool) -> Self {
        let writer = TextWriter { is_terminal, text: Vec::new(), at_line_start: true, pending_return: false };
        Self { parser: Parser::new(), writer, pending_latin: false }
    }

    /// Returns the text of the next bytes.
    pub(super) fn convert(&mut self, bytes: &[u8]) -> Vec<u8> {
        for byte in bytes {
            self.take(*byte);
        }
        std::mem::take(&mut self.writer.text)
    }

    fn take(&mut self, byte: u8) {
        if std::mem::take(&mut self.pending_latin) {
            match byte {
                // Terminals take U+009B for ESC [, and the other control characters of this range likewise.
                0x80..=0x9f => {
                    self.advance(0x1b);
                    self.advance(byte - 0x40);
                    return;
                }
                _ => self.advance(LATIN),
            }
        }
        match byte {
            LATIN => self.pending_latin = true,
            // A sequence that was cut off must not take the following lines with it.
            b'\n' => {
                self.advance(CANCEL);
                self.advance(byte);
            }
            _ => self.advance(byte),
        }
    }

    fn advance(&mut self, byte: u8) {
        self.parser.advance(&mut self.writer, &[byte]);
    }
}

/// Writes what the parser finds as text.
struct TextWriter {
    is_terminal: bool,
    text: Vec<u8>,
    at_line_start: bool,
    /// Whether a carriage return was read, after which a line feed may follow.
    pending_return: bool,
}

impl TextWriter {
    /// Writes a carriage return that no line feed follows: the line is overwritten.
    fn flush_return(&mut self) {
        if std::mem::take(&mut self.pending_return) {
            if self.is_terminal {
                self.text.push(b'\r');
            } else if !self.at_line_start {
                self.line_feed();
            }
        }
    }

    fn line_feed(&mut self) {
        self.text.push(b'\n');
        self.at_line_start = true;
    }

    fn push(&mut self, character: char) {
        self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at_line_start = false;
    }

    /// Writes a control sequence again.
    fn push_sequence(&mut self, parameters: &Params, action: char) {
        let parameters: Vec<String> = parameters
            .iter()
            .map(|parameter| parameter.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"))
            .collect();
        self.text.extend_from_slice(format!("\x1b[{}{action}", parameters.join(";")).as_bytes());
    }
}

impl Perform for TextWriter {
    fn print(&mut self, character: char) {
        self.flush_return();
        if !character.is_control() {
            self.push(character);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            // Marks the end of an incomplete sequence, and of none before a line feed.
            CANCEL => {}
            b'\r' => self.pending_return = true,
            b'\n' => {
                self.pending_return = false;
                self.line_feed();
            }
            b'\t' => {
                self.flush_return();
                self.push('\t');
            }
            0x08 if self.is_terminal => {
                self.flush_return();
                self.push('\u{8}');
            }
            _ => self.flush_return(),
        }
    }

    fn csi_dispatch(&mut self, parameters: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.flush_return();
        if ignore {
            return;
        }
        match action {
            'm' | 'K' if self.is_terminal && intermediates.is_empty() => self.push_sequence(parameters, action),
            'A' | 'B' | 'E' | 'F' | 'H' | 'd' | 'f' if !self.at_line_start => self.line_feed(),
            'C' | 'G' if !self.at_line_start => self.push(' '),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TerminalText;

    fn text(terminal: bool, bytes: &str) -> String {
        String::from_utf8(TerminalText::new(terminal).convert(bytes.as_bytes())).unwrap()
    }

    #[test]
    fn terminal_output_becomes_text() {
        // The output of a program, its text for a file, and its text for a terminal.
        let table = [
            ("one\r\ntwo\r\n", "one\ntwo\n", "one\ntwo\n"),
            ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m"),
            ("\x1b]0;title\x07x\x1b]52;c;AAAA\x1b\\y", "xy", "xy"),
            ("\x1bPq#0\x1b\\x", "x", "x"),
            ("10%\r20%\r\n", "10%\n20%\n", "10%\r20%\n"),
            ("a\x08b", "ab", "a\x08b"),
            ("\x1b[2J\x1b[Hone\x1b[5;1Htwo\x1b[3Cthree", "one\ntwo three", "one\ntwo three"),
            ("\x1b[?2004hx\x1b[?25l\x1b(By\x1b=z", "xyz", "xyz"),
            ("\x1b[>4;2mx", "x", "x"),
            ("tab\tbel\x07", "tab\tbel", "tab\tbel"),
            ("x\r\r\ny", "x\ny", "x\ny"),
            ("é界§\u{a0}", "é界§\u{a0}", "é界§\u{a0}"),
            ("a\u{9b}2Jb\u{9d}0;title\x07c\u{85}d", "abcd", "abcd"),
            ("\u{9b}31mred", "red", "\x1b[31mred"),
        ];
        for (written, file, terminal) in table {
            assert_eq!(text(false, written), file, "{written:?}");
            assert_eq!(text(true, written), terminal, "{written:?}");
        }
    }

    #[test]
    fn the_text_does_not_depend_on_how_the_bytes_are_split() {
        let written = "one\r\n\x1b[1;31mred\x1b]0;t\x1b\\\x1b[2;3Hend\r\n";
        let mut converter = TerminalText::new(true);
        let pieces: Vec<u8> = written.as_bytes().iter().flat_map(|byte| converter.convert(&[*byte])).collect();
        assert_eq!(String::from_utf8(pieces).unwrap(), text(true, written));
    }

    #[test]
    fn an_unterminated_sequence_does_not_swallow_the_rest() {
        let endless = format!("\x1b[{}\nend", "1".repeat(200));
        assert!(text(false, &endless).ends_with("\nend"), "{:?}", text(false, &endless));
        assert_eq!(text(false, "\x1b]0;killed here\x1b[31mred\nend"), "red\nend");
        assert_eq!(text(false, "\x1b]0;killed here\nend"), "\nend");
    }
}
