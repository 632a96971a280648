use serde_json::{Value, json};

/// What somebody did at the keyboard, or what tmux did in his place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Character(char),
    /// All that was between the marks of a bracketed paste, with line feeds as its only line ends.
    Paste(String),
    Enter,
    /// A new line in the message: Ctrl-J or Alt-Enter.
    LineFeed,
    Backspace,
    Escape,
    /// Ctrl and this letter.
    Control(char),
    /// A sequence that means nothing here, an arrow say, without the escape before it.
    Sequence(String),
}

impl Key {
    /// For the log.
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
