//! What is typed for a message: its text, made harmless.

/// A text that can be pasted into a terminal and means nothing there: no control character but the line
/// feed and the tab, lines end in line feeds, and nothing is blank at its end.
///
/// A control character becomes its picture (`ESC` is `␛`, U+241B): it is seen, and does nothing. So the
/// end of a bracketed paste, `ESC[201~`, cannot stand in a text.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Payload(String);

/// A text that cannot be a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayload {
    /// There is nothing in it.
    #[error("the message is empty")]
    Empty,
    /// It is no text.
    #[error("the message is not text: byte {at} (0x{byte:02x}) is not UTF-8; save it as UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        at: usize,
        /// The byte there.
        byte: u8,
    },
}

impl Payload {
    /// Makes one of a message's bytes.
    ///
    /// # Errors
    /// It is empty, or no UTF-8.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidPayload> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            InvalidPayload::NotUtf8 { at: at + 1, byte: bytes.get(at).copied().unwrap_or_default() }
        })?;
        let harmless = harmless(text);
        let kept = harmless.trim_end().len();
        if kept == 0 { Err(InvalidPayload::Empty) } else { Ok(Self(harmless[..kept].to_owned())) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same with something before it.
    #[must_use]
    pub fn after(&self, preamble: &str) -> Self {
        Self(harmless(preamble) + &self.0)
    }
}

impl TryFrom<String> for Payload {
    type Error = InvalidPayload;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text.as_bytes())
    }
}

impl From<Payload> for String {
    fn from(payload: Payload) -> Self {
        payload.0
    }
}

fn harmless(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    lines
        .chars()
        .map(|character| match character {
            '\n' | '\r' => '\n',
            '\t' => '\t',
            '\x7f' => '\u{2421}',
            // The pictures stand in the order of the characters.
            control @ '\0'..='\x1f' => {
                char::from_u32(0x2400 + u32::from(control)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
            plain => plain,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{InvalidPayload, Payload};
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_seen_and_do_nothing() {
        let table = [
            ("plain", "plain"),
            ("a\r\nb\rc\n\n", "a\nb\nc"),
            ("  two\tthree  \n", "  two\tthree"),
            ("x\x1b[201~y", "x␛[201~y"),
            ("\x07\x00\x7f", "␇␀␡"),
            ("csi \u{9b}31m", "csi \u{fffd}31m"),
            ("/new; \\", "/new; \\"),
        ];
        for (given, expected) in table {
            assert_eq!(Payload::new(given.as_bytes()).unwrap().as_str(), expected, "{given:?}");
        }
    }

    #[test]
    fn nothing_and_what_is_no_text_are_refused() {
        for empty in ["", " ", "\n\n", "\r\n \t"] {
            assert_eq!(Payload::new(empty.as_bytes()), Err(InvalidPayload::Empty), "{empty:?}");
        }
        assert_eq!(Payload::new(b"ab\xff"), Err(InvalidPayload::NotUtf8 { at: 3, byte: 0xff }));
    }

    proptest! {
        #[test]
        fn a_payload_is_harmless_and_stays_as_it_is(text in any::<String>()) {
            if let Ok(payload) = Payload::new(text.as_bytes()) {
                let harmless = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
                prop_assert!(payload.as_str().chars().all(harmless));
                prop_assert_eq!(Payload::new(payload.as_str().as_bytes()).unwrap(), payload);
            }
        }
    }
}
