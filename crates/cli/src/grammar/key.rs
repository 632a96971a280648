//! A key that is to be pressed, by tmux's name for it. tmux types the letters of a name that it does not
//! know, and those of `S-Enter`: so a name is one of these, and the modifiers are ones that it can press.

use std::fmt;
use std::str::FromStr;

use unicode_width::UnicodeWidthChar;

/// A key as tmux writes it: `1`, `Enter`, `C-c`, `M-S-Up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

/// A text that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidKey {
    /// There is no such key.
    #[error("there is no such key{} Text is sent with 'mosaic agent send'", hint(.0.as_deref()))]
    Unknown(Option<String>),
    /// It is one of its own, pressed without Shift.
    #[error("Shift makes another character of it: name that one")]
    Shifted,
    /// A terminal has no code for it.
    #[error("a terminal cannot tell {modifiers} with this key from the key alone: it goes with {}", go_with(.modifiers))]
    NoSuchCode {
        /// What was to be held.
        modifiers: String,
    },
}

/// Keys with which any modifiers go.
const MOVING: [&str; 22] = [
    "Up", "Down", "Left", "Right", "Home", "End", "IC", "DC", "NPage", "PPage", "F1", "F2", "F3", "F4", "F5", "F6",
    "F7", "F8", "F9", "F10", "F11", "F12",
];

/// Keys that stand for a character, with which M- alone goes; with Space also C-.
const TYPING: [&str; 22] = [
    "Enter", "Escape", "Space", "Tab", "BTab", "BSpace", "KPEnter", "KP0", "KP1", "KP2", "KP3", "KP4", "KP5", "KP6",
    "KP7", "KP8", "KP9", "KP/", "KP*", "KP-", "KP+", "KP.",
];

/// Other names for them, most of them tmux's own.
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
    /// tmux's name for it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let (mut held, mut rest) = (Held::default(), given);
        // A single '-' behind a prefix is the key.
        while let Some((prefix, key)) = rest.split_once('-').filter(|(_, key)| !key.is_empty()) {
            match prefix {
                "C" | "c" => held.control = true,
                "M" | "m" => held.meta = true,
                "S" | "s" => held.shift = true,
                _ => break,
            }
            rest = key;
        }
        let mut characters = rest.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => held.with_character(character).map(Self),
            _ => held.with_name(named(rest).ok_or_else(|| InvalidKey::Unknown(nearest(rest)))?).map(Self),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The modifiers that are held.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    control: bool,
    meta: bool,
    shift: bool,
}

impl Held {
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

    /// In the order in which tmux writes them.
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
        Some(name) => format!(": did you mean {name}?"),
        None => ", expected a single character, or a name as Enter, Escape, Up, Tab, C-c, F5.".to_owned(),
    }
}

fn go_with(modifiers: &str) -> &'static str {
    if modifiers.contains('S') { "Up, Home, F5 and the like" } else { "letters, Space, Up, Home, F5 and the like" }
}

#[cfg(test)]
mod tests;
