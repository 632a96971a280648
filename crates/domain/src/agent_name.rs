//! The name of an agent, which is the address everybody uses.

use std::fmt;
use std::str::FromStr;

use crate::word::is_word;

/// An agent's name: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
///
/// It goes into paths, tmux targets, unit names and metric labels; a value of this type is the
/// proof that it may. In particular it never starts with `_` (the holder's session does) or `-`
/// (an option), and has none of tmux's `.`, `:`, `=`, none of the shell's characters and no `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName(String);

impl AgentName {
    /// What a name must look like, for error messages and help texts.
    pub const RULE: &str =
        "an agent name is 1 to 64 letters, digits, '_' or '-' (ASCII), and starts with a letter or digit";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not an agent name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not an agent name: {}", .given.escape_debug(), AgentName::RULE)]
pub struct InvalidAgentName {
    given: String,
}

impl FromStr for AgentName {
    type Err = InvalidAgentName;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if is_word(given, b"_-") {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidAgentName { given: given.to_owned() })
        }
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::AgentName;

    #[test]
    fn names_that_everybody_can_use_are_taken() {
        let longest = "a".repeat(64);
        for name in ["a", "0", "coder0", "mos-claude", "A_b-9", longest.as_str()] {
            assert_eq!(name.parse::<AgentName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_would_mean_something_else_are_refused_with_the_rule() {
        let too_long = "a".repeat(65);
        let refused = [
            "",
            "-x",
            "a b",
            "a.b",
            "a:b",
            "=a",
            "../x",
            "a/b",
            "a;b",
            "$(x)",
            "_holder",
            "é",
            "a\n",
            "a\0",
            too_long.as_str(),
        ];
        for name in refused {
            let error = name.parse::<AgentName>().unwrap_err().to_string();
            assert!(error.contains(AgentName::RULE), "{error}");
        }
    }

    #[test]
    fn an_error_shows_control_characters_escaped() {
        let error = "a\u{1b}[2J".parse::<AgentName>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}
