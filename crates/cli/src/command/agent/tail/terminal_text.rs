//! From what a program wrote to its terminal to text: pure.
//!
//! Escape sequences end here, so that nothing an agent prints can change this terminal; on one, colours
//! stay, and a line that is written over itself is. A cursor that moves to another line begins a
//! new one.

/// What has been read so far of something that may go on in the next bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After a carriage return: a line feed may follow.
    Return,
    /// After the first byte of U+0080 to U+00BF in UTF-8, of which half are control characters.
    Latin,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: one more belongs to it.
    Intermediate,
    /// In a control sequence, with what was read of it.
    Control(Vec<u8>),
    /// In a string (a title, the clipboard), which BEL or ST ends.
    Quoted,
    /// After ESC in such a string.
    QuotedEscape,
}

/// The converter: bytes in, text out, whatever the pieces.
#[derive(Clone, Debug)]
pub(super) struct TerminalText {
    terminal: bool,
    state: State,
    at_line_start: bool,
}

/// What U+0080 to U+00BF begin with in UTF-8.
const LATIN: u8 = 0xc2;
/// No sequence that means anything is longer.
const LONGEST: usize = 64;

impl TerminalText {
    /// For a terminal, or for a file or a pipe.
    pub(super) fn new(terminal: bool) -> Self {
        Self { terminal, state: State::Text, at_line_start: true }
    }

    /// The text of some more bytes.
    pub(super) fn of(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        for byte in bytes {
            self.take(*byte, &mut text);
        }
        text
    }

    fn take(&mut self, byte: u8, text: &mut Vec<u8>) {
        self.state = match std::mem::take(&mut self.state) {
            State::Text => self.plain(byte, text),
            State::Return => self.after_return(byte, text),
            State::Latin => self.after_latin(byte, text),
            // A string ends with any sequence that follows, of which ST is but one.
            State::Escape | State::QuotedEscape => after_escape(byte),
            State::Intermediate => after_intermediate(byte),
            State::Control(parameters) => self.in_control(parameters, byte, text),
            // One that was cut off must not take all that follows with it.
            State::Quoted if byte == b'\n' => self.plain(byte, text),
            State::Quoted => in_quoted(byte),
        };
    }

    fn after_return(&mut self, byte: u8, text: &mut Vec<u8>) -> State {
        match byte {
            b'\r' => State::Return,
            b'\n' => self.plain(byte, text),
            _ => {
                self.alone_return(text);
                self.plain(byte, text)
            }
        }
    }

    /// Terminals take U+009B for ESC [, and so on: all of them are ESC and a letter in one.
    fn after_latin(&mut self, byte: u8, text: &mut Vec<u8>) -> State {
        if matches!(byte, 0x80..=0x9f) {
            return after_escape(byte - 0x40);
        }
        self.push(LATIN, text);
        self.plain(byte, text)
    }

    fn in_control(&mut self, mut parameters: Vec<u8>, byte: u8, text: &mut Vec<u8>) -> State {
        match byte {
            0x1b => return State::Escape,
            0x40..=0x7e => {
                self.control(&parameters, byte, text);
                return State::Text;
            }
            _ if parameters.len() >= LONGEST => return State::Text,
            0x20..=0x3f => parameters.push(byte),
            _ => {}
        }
        State::Control(parameters)
    }

    fn plain(&mut self, byte: u8, text: &mut Vec<u8>) -> State {
        match byte {
            0x1b => return State::Escape,
            b'\r' => return State::Return,
            LATIN => return State::Latin,
            b'\n' => self.line_feed(text),
            b'\t' => self.push(byte, text),
            0x08 if self.terminal => self.push(byte, text),
            0x00..=0x1f | 0x7f => {}
            _ => self.push(byte, text),
        }
        State::Text
    }

    /// The line begins again.
    fn alone_return(&mut self, text: &mut Vec<u8>) {
        match (self.terminal, self.at_line_start) {
            (true, _) => text.push(b'\r'),
            (false, true) => {}
            (false, false) => self.line_feed(text),
        }
    }

    fn control(&mut self, parameters: &[u8], last: u8, text: &mut Vec<u8>) {
        match last {
            b'm' | b'K' if self.terminal && parameters.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) => {
                text.extend_from_slice(b"\x1b[");
                text.extend_from_slice(parameters);
                text.push(last);
            }
            b'A' | b'B' | b'E' | b'F' | b'H' | b'd' | b'f' if !self.at_line_start => self.line_feed(text),
            b'C' | b'G' if !self.at_line_start => self.push(b' ', text),
            _ => {}
        }
    }

    fn line_feed(&mut self, text: &mut Vec<u8>) {
        text.push(b'\n');
        self.at_line_start = true;
    }

    fn push(&mut self, byte: u8, text: &mut Vec<u8>) {
        text.push(byte);
        self.at_line_start = false;
    }
}

fn after_escape(byte: u8) -> State {
    match byte {
        b'[' => State::Control(Vec::new()),
        b']' | b'P' | b'X' | b'^' | b'_' => State::Quoted,
        _ => after_intermediate(byte),
    }
}

fn after_intermediate(byte: u8) -> State {
    match byte {
        0x1b => State::Escape,
        0x20..=0x2f => State::Intermediate,
        _ => State::Text,
    }
}

fn in_quoted(byte: u8) -> State {
    match byte {
        // BEL, CAN, SUB.
        0x07 | 0x18 | 0x1a => State::Text,
        0x1b => State::QuotedEscape,
        _ => State::Quoted,
    }
}

#[cfg(test)]
mod tests {
    use super::TerminalText;

    fn text(terminal: bool, bytes: &str) -> String {
        String::from_utf8(TerminalText::new(terminal).of(bytes.as_bytes())).unwrap()
    }

    #[test]
    fn what_a_program_prints_becomes_text() {
        // What was written, as text for a file, as text for a terminal.
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
    fn it_does_not_matter_how_the_bytes_are_cut_into_pieces() {
        let written = "one\r\n\x1b[1;31mred\x1b]0;t\x1b\\\x1b[2;3Hend\r\n";
        let mut converter = TerminalText::new(true);
        let pieces: Vec<u8> = written.as_bytes().iter().flat_map(|byte| converter.of(&[*byte])).collect();
        assert_eq!(String::from_utf8(pieces).unwrap(), text(true, written));
    }

    #[test]
    fn a_sequence_without_an_end_does_not_swallow_the_rest() {
        let endless = format!("\x1b[{}\nend", "1".repeat(200));
        assert!(text(false, &endless).ends_with("\nend"), "{:?}", text(false, &endless));
        assert_eq!(text(false, "\x1b]0;killed here\x1b[31mred\nend"), "red\nend");
        assert_eq!(text(false, "\x1b]0;killed here\nend"), "\nend");
    }
}
