//! What stands before a message, so that its reader knows whom it is from: `[src -> host:agent] `.

use std::fmt;
use std::str::FromStr;

/// Who speaks, or a host, as a preamble has it: `build1:operator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// A text that is no label.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no label: expected 1 to 128 characters, none of them blank, a control character, '[' or ']'", .0.escape_debug())]
pub struct InvalidLabel(String);

impl Label {
    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = InvalidLabel;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let allowed = |letter: char| !letter.is_whitespace() && !letter.is_control() && !"[]".contains(letter);
        let length = given.chars().count();
        if (1..=128).contains(&length) && given.chars().all(allowed) {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidLabel(given.to_owned()))
        }
    }
}

impl TryFrom<String> for Label {
    type Error = InvalidLabel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The preamble of a message, with the space behind it.
#[must_use]
pub fn preamble(source: &Label, host: &Label, agent: &str) -> String {
    format!("[{source} -> {host}:{agent}] ")
}

#[cfg(test)]
mod tests {
    use super::{Label, preamble};

    #[test]
    fn a_preamble_says_from_whom_to_whom() {
        let label = |text: &str| text.parse::<Label>().unwrap();
        assert_eq!(preamble(&label("w1:operator"), &label("w1"), "coder0"), "[w1:operator -> w1:coder0] ");
    }

    #[test]
    fn a_label_cannot_end_the_preamble() {
        for wrong in ["", "a b", "x]", "[", "a\n", "\x1b", &"x".repeat(129)] {
            assert!(wrong.parse::<Label>().is_err(), "{wrong:?}");
        }
    }
}
