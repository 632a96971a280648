use serde_json::{Value, json};

/// Parses the bytes of a terminal into keys, independent of where reads split them.
#[derive(Debug)]
pub(crate) struct KeyParser {
    bracketed_paste: bool,
    pending: Vec<u8>,
}

const ESCAPE: u8 = 0x1b;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

impl KeyParser {
    pub(crate) fn new(bracketed_paste: bool) -> Self {
        Self { bracketed_paste, pending: Vec::new() }
    }

    /// Adds bytes and returns the complete keys.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut taken = 0;
        while let Some((key, length)) = self.first(&self.pending[taken..]) {
            keys.push(key);
            taken += length;
        }
        self.pending.drain(..taken);
        keys
    }

    /// Whether the only pending byte is an escape, which is the key or the start of a sequence.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.pending == [ESCAPE]
    }

    /// Resolves a pending escape to the key, after no further byte has arrived.
    pub(crate) fn resolve(&mut self) -> Option<Key> {
        let ambiguous = self.is_ambiguous();
        ambiguous.then(|| self.pending.clear()).map(|()| Key::Escape)
    }

    /// Returns the first complete key and its length in bytes.
    fn first(&self, bytes: &[u8]) -> Option<(Key, usize)> {
        let one = match *bytes.first()? {
            ESCAPE => return self.escaped(bytes),
            b'\r' => Key::Enter,
            b'\n' => Key::LineFeed,
            0x7f | 0x08 => Key::Backspace,
            b'\t' => Key::Character('\t'),
            control @ 0x01..=0x1a => Key::Control(char::from(control - 1 + b'a')),
            control @ (0x00 | 0x1c..=0x1f) => Key::Sequence(format!("{control:#04x}")),
            _ => return character(bytes),
        };
        Some((one, 1))
    }

    fn escaped(&self, bytes: &[u8]) -> Option<(Key, usize)> {
        if self.bracketed_paste && bytes.starts_with(PASTE_START) {
            let text = &bytes[PASTE_START.len()..];
            let length = text.windows(PASTE_END.len()).position(|bytes| bytes == PASTE_END)?;
            let text = String::from_utf8_lossy(&text[..length]).replace("\r\n", "\n").replace('\r', "\n");
            return Some((Key::Paste(text), PASTE_START.len() + length + PASTE_END.len()));
        }
        let length = match *bytes.get(1)? {
            b'\r' => return Some((Key::LineFeed, 2)),
            ESCAPE => return Some((Key::Escape, 1)),
            b'[' => 3 + bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte))?,
            b'O' => 3,
            _ => 2,
        };
        let sequence = bytes.get(1..length)?;
        Some((Key::Sequence(String::from_utf8_lossy(sequence).into_owned()), length))
    }
}

/// Returns the first character; invalid UTF-8 becomes the replacement character.
fn character(bytes: &[u8]) -> Option<(Key, usize)> {
    let start = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&start[..error.valid_up_to()]).ok()?,
        // An incomplete character may still be completed.
        Err(error) => return error.error_len().map(|length| (Key::Character(char::REPLACEMENT_CHARACTER), length)),
    };
    valid.chars().next().map(|character| (Key::Character(character), character.len_utf8()))
}

/// A key or a paste from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Character(char),
    /// The text of a bracketed paste, with every line ending converted to a line feed.
    Paste(String),
    Enter,
    /// Ctrl-J or Alt-Enter, which insert a line break.
    LineFeed,
    Backspace,
    Escape,
    /// Ctrl with this letter.
    Control(char),
    /// An ignored sequence, such as an arrow key, without the leading escape.
    Sequence(String),
}

impl Key {
    /// The key's entry in the log.
    pub(crate) fn to_json(&self) -> Value {
        let name = match self {
            Self::Paste(text) => return json!({ "key": "paste", "text": text }),
            Self::Character(character) => character.to_string(),
            Self::Enter => "enter".to_owned(),
            Self::LineFeed => "line-feed".to_owned(),
            Self::Backspace => "backspace".to_owned(),
            Self::Escape => "escape".to_owned(),
            Self::Control(letter) => format!("ctrl-{letter}"),
            Self::Sequence(sequence) => format!("escape {sequence}"),
        };
        json!({ "key": name })
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use super::KeyParser;

    fn sequence(text: &str) -> Key {
        Key::Sequence(text.to_owned())
    }

    fn paste(text: &str) -> Key {
        Key::Paste(text.to_owned())
    }

    #[test]
    fn keys_do_not_depend_on_where_reads_split_their_bytes() {
        let table: [(&[u8], Vec<Key>); 10] = [
            (b"a\r", vec![Key::Character('a'), Key::Enter]),
            (b"\n\x7f\x03", vec![Key::LineFeed, Key::Backspace, Key::Control('c')]),
            ("é日".as_bytes(), vec![Key::Character('é'), Key::Character('日')]),
            (b"\xffa", vec![Key::Character('\u{fffd}'), Key::Character('a')]),
            (b"\x1b[A\x1bOPx", vec![sequence("[A"), sequence("OP"), Key::Character('x')]),
            (b"\x1b[1;5Cx", vec![sequence("[1;5C"), Key::Character('x')]),
            (b"\x1b\r", vec![Key::LineFeed]),
            (b"\x1b\x1b[A", vec![Key::Escape, sequence("[A")]),
            (b"\x1b[200~a\r\nb\rc\n\x1b[Ad\x1b[201~\r", vec![paste("a\nb\nc\n\x1b[Ad"), Key::Enter]),
            (b"\x1b[200~\x1b[201~", vec![paste("")]),
        ];
        for (bytes, expected) in table {
            for cut in 0..=bytes.len() {
                let mut parser = KeyParser::new(true);
                let mut keys = parser.feed(&bytes[..cut]);
                keys.extend(parser.feed(&bytes[cut..]));
                assert_eq!(keys, expected, "{:?}", String::from_utf8_lossy(bytes));
                assert!(!parser.is_ambiguous());
            }
        }
    }

    #[test]
    fn a_lone_escape_is_the_key_once_no_byte_follows() {
        let mut parser = KeyParser::new(true);
        assert_eq!(parser.feed(b"a\x1b"), [Key::Character('a')]);
        assert!(parser.is_ambiguous());
        assert_eq!(parser.resolve(), Some(Key::Escape));
        assert_eq!(parser.resolve(), None);
    }

    #[test]
    fn without_bracketed_paste_its_markers_are_ignored_sequences() {
        let keys = KeyParser::new(false).feed(b"\x1b[200~a\n");
        assert_eq!(keys, [sequence("[200~"), Key::Character('a'), Key::LineFeed]);
    }
}
