//! Key names as tmux knows them. tmux types an unknown name, and also `S-Enter`, letter by letter. A key is
//! therefore accepted only if tmux has a key code for it.

use std::fmt;
use std::str::FromStr;

use unicode_width::UnicodeWidthChar;

/// A key in the notation of tmux: `1`, `Enter`, `C-c`, `M-S-Up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

/// The text is no [`Key`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidKey {
    /// The name is unknown; the most similar name, if there is one.
    #[error("unknown key{} Use 'mosaic agent send' to send text", hint(.0.as_deref()))]
    Unknown(Option<String>),
    /// Shift with this key is another character, which has a name of its own.
    #[error("Shift changes this character: name the shifted character instead")]
    Shifted,
    /// A terminal has no code for the combination.
    #[error("a terminal has no code for {modifiers} with this key: {modifiers} combines with {}", partners(.modifiers))]
    NoSuchCode {
        /// The modifiers.
        modifiers: String,
    },
}

/// Keys that combine with all modifiers.
const MOVING: [&str; 22] = [
    "Up", "Down", "Left", "Right", "Home", "End", "IC", "DC", "NPage", "PPage", "F1", "F2", "F3", "F4", "F5", "F6",
    "F7", "F8", "F9", "F10", "F11", "F12",
];

/// Keys that combine with M- only, except that Space also combines with C-.
const TYPING: [&str; 22] = [
    "Enter", "Escape", "Space", "Tab", "BTab", "BSpace", "KPEnter", "KP0", "KP1", "KP2", "KP3", "KP4", "KP5", "KP6",
    "KP7", "KP8", "KP9", "KP/", "KP*", "KP-", "KP+", "KP.",
];

/// Alternative names, most of which tmux knows too.
const ALIASES: [(&str, &str); 9] = [
    ("PageUp", "PPage"),
    ("PgUp", "PPage"),
    ("PageDown", "NPage"),
    ("PgDn", "NPage"),
    ("Insert", "IC"),
    ("Delete", "DC"),
    ("Backspace", "BSpace"),
    ("Return", "Enter"),
    ("Esc", "Escape"),
];

impl Key {
    /// The tmux name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let (mut modifiers, mut rest) = (Modifiers::default(), given);
        // In `C--` the key is `-`.
        while let Some((prefix, key)) = rest.split_once('-').filter(|(_, key)| !key.is_empty()) {
            match prefix {
                "C" | "c" => modifiers.control = true,
                "M" | "m" => modifiers.meta = true,
                "S" | "s" => modifiers.shift = true,
                _ => break,
            }
            rest = key;
        }
        let mut characters = rest.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => modifiers.with_character(character).map(Self),
            _ => modifiers.with_name(named(rest).ok_or_else(|| InvalidKey::Unknown(nearest(rest)))?).map(Self),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Modifier keys.
#[derive(Clone, Copy, Debug, Default)]
struct Modifiers {
    control: bool,
    meta: bool,
    shift: bool,
}

impl Modifiers {
    fn with_character(self, character: char) -> Result<String, InvalidKey> {
        if character.is_whitespace() || character.width().unwrap_or(0) == 0 {
            return Err(InvalidKey::Unknown(Some("Space".to_owned()).filter(|_| character == ' ')));
        }
        let upper = character.to_ascii_uppercase();
        match character {
            _ if self.control && !(character.is_ascii_alphabetic() || "@[\\]^_/-?".contains(character)) => {
                self.refused()
            }
            letter if self.shift && letter.is_ascii_alphabetic() && !self.control => {
                Ok(Self { shift: false, ..self }.before(upper.encode_utf8(&mut [0; 4])))
            }
            _ if self.shift && !self.control => Err(InvalidKey::Shifted),
            _ if self.shift => self.refused(),
            _ => Ok(self.before(character.encode_utf8(&mut [0; 4]))),
        }
    }

    fn with_name(self, name: &str) -> Result<String, InvalidKey> {
        let without_shift = Self { shift: false, ..self };
        match name {
            moving if MOVING.contains(&moving) => Ok(self.before(moving)),
            "Tab" | "BTab" if self.shift && !self.control => Ok(without_shift.before("BTab")),
            "Space" if !self.shift => Ok(self.before("Space")),
            typing if !self.control && !self.shift => Ok(self.before(typing)),
            _ => self.refused(),
        }
    }

    fn refused(self) -> Result<String, InvalidKey> {
        Err(InvalidKey::NoSuchCode { modifiers: self.before("").trim_end_matches('-').to_owned() })
    }

    /// The modifiers in the order of tmux, followed by the key.
    fn before(self, key: &str) -> String {
        let held = [(self.control, "C-"), (self.meta, "M-"), (self.shift, "S-")];
        held.into_iter().filter(|(held, _)| *held).map(|(_, prefix)| prefix).chain([key]).collect()
    }
}

fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    MOVING.into_iter().chain(TYPING).map(|name| (name, name)).chain(ALIASES)
}

fn named(given: &str) -> Option<&'static str> {
    names().find(|(name, _)| name.eq_ignore_ascii_case(given)).map(|(_, canonical)| canonical)
}

fn nearest(given: &str) -> Option<String> {
    let given = given.to_lowercase();
    let alike = names().map(|(name, _)| (strsim::normalized_damerau_levenshtein(&given, &name.to_lowercase()), name));
    let best = alike.filter(|(likeness, _)| *likeness >= 0.5).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map(|(_, name)| name.to_owned())
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("; did you mean {name}?"),
        None => ": expected a single character, or a name such as Enter, Escape, Up, Tab, C-c or F5.".to_owned(),
    }
}

fn partners(modifiers: &str) -> &'static str {
    if modifiers.contains('S') {
        "keys such as Up, Home and F5"
    } else {
        "letters, Space, and keys such as Up, Home and F5"
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidKey, Key};

    #[test]
    fn keys_have_their_tmux_names() {
        let table = [
            ("1", "1"),
            ("y", "y"),
            ("Y", "Y"),
            ("-", "-"),
            ("C", "C"),
            (";", ";"),
            ("é", "é"),
            ("日", "日"),
            ("enter", "Enter"),
            ("ESCAPE", "Escape"),
            ("Esc", "Escape"),
            ("up", "Up"),
            ("pagedown", "NPage"),
            ("delete", "DC"),
            ("f12", "F12"),
            ("kp*", "KP*"),
            ("KP-", "KP-"),
            ("C-c", "C-c"),
            ("c-c", "C-c"),
            ("C--", "C--"),
            ("C-space", "C-Space"),
            ("M-Enter", "M-Enter"),
            ("M--", "M--"),
            ("M-KP-", "M-KP-"),
            ("M-C-x", "C-M-x"),
            ("S-Tab", "BTab"),
            ("M-S-Tab", "M-BTab"),
            ("S-a", "A"),
            ("M-S-a", "M-A"),
            ("S-M-C-up", "C-M-S-Up"),
        ];
        for (given, expected) in table {
            assert_eq!(given.parse::<Key>().map(|key| key.to_string()).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn keys_that_tmux_does_not_know_are_refused() {
        let unknown = |nearest: &str| InvalidKey::Unknown(Some(nearest.to_owned()).filter(|name| !name.is_empty()));
        let no_code = |modifiers: &str| InvalidKey::NoSuchCode { modifiers: modifiers.to_owned() };
        let table = [
            ("", unknown("")),
            (" ", unknown("Space")),
            ("\t", unknown("")),
            ("\u{301}", unknown("")),
            ("yes", unknown("")),
            ("Entre", unknown("Enter")),
            ("F13", unknown("F12")),
            ("C-Entr", unknown("Enter")),
            ("X-a", unknown("")),
            ("C-", unknown("")),
            ("please rebase", unknown("")),
            ("S-1", InvalidKey::Shifted),
            ("S-Enter", no_code("S")),
            ("C-Enter", no_code("C")),
            ("C-M-Escape", no_code("C-M")),
            ("C-S-a", no_code("C-S")),
            ("C-1", no_code("C")),
            ("C-é", no_code("C")),
            ("C-S-Tab", no_code("C-S")),
        ];
        for (given, expected) in table {
            assert_eq!(given.parse::<Key>(), Err(expected), "{given:?}");
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let message = |given: &str| given.parse::<Key>().unwrap_err().to_string();
        assert_eq!(message("Entre"), "unknown key; did you mean Enter? Use 'mosaic agent send' to send text");
        assert!(message("please rebase").contains("expected a single character"));
        assert!(message("S-Enter").contains("S with this key"));
    }
}
