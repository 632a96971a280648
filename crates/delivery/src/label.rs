//! The preamble of a message, which names its sender and its recipient: `[source -> host:agent] `.

use std::fmt;
use std::str::FromStr;

/// The name of a sender or a host in a preamble, such as `build1:operator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// A text that cannot be a label.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a label: expected 1 to 128 characters, without blanks, control characters, '[' and ']'", .0.escape_debug())]
pub struct InvalidLabel(String);

impl Label {
    /// Returns the label as text.
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

/// Returns the preamble of a message, including the space after it.
#[must_use]
pub fn preamble(source: &str, host: &Label, agent: &str) -> String {
    format!("[{source} -> {host}:{agent}] ")
}

/// Returns the name of this host up to the first dot, or `localhost` if it has no name.
#[must_use]
pub fn short_host_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    let short = name.split('.').next().unwrap_or_default();
    if short.is_empty() { "localhost".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Label, preamble};

    #[test]
    fn a_preamble_names_the_sender_and_the_recipient() {
        let label = |text: &str| text.parse::<Label>().unwrap();
        assert_eq!(preamble("w1:operator", &label("w1"), "coder0"), "[w1:operator -> w1:coder0] ");
    }

    #[test]
    fn a_label_cannot_end_the_preamble() {
        for wrong in ["", "a b", "x]", "[", "a\n", "\x1b", &"x".repeat(129)] {
            assert!(wrong.parse::<Label>().is_err(), "{wrong:?}");
        }
    }
}
