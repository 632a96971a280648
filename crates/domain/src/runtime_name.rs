//! The name of the program an agent is (`claude`, `codex`, `pi`, `opencode`, or a site's own).

use std::fmt;
use std::str::FromStr;

use crate::word::is_word;

/// The name of an agent's runtime: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
///
/// It becomes a word of the default command (`mosaic yolo RUNTIME`), which a shell reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuntimeName(String);

impl RuntimeName {
    /// The runtime of an agent that names none.
    pub const DEFAULT: &str = "pi";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RuntimeName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// A text that is not a runtime's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not a runtime name: it is 1 to 64 letters, digits, '.', '_' or '-' (ASCII), and starts with a letter or digit",
    .given.escape_debug()
)]
pub struct InvalidRuntimeName {
    given: String,
}

impl FromStr for RuntimeName {
    type Err = InvalidRuntimeName;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if is_word(given, b"._-") {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidRuntimeName { given: given.to_owned() })
        }
    }
}

impl fmt::Display for RuntimeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RuntimeName;

    #[test]
    fn a_name_is_one_harmless_word_of_a_shell() {
        for name in ["pi", "claude", "codex", "opencode", "my-agent_2.1"] {
            assert!(name.parse::<RuntimeName>().is_ok(), "{name}");
        }
        for name in ["", "pi; rm -rf x", "$(x)", "-p", "a b", "a|b"] {
            assert!(name.parse::<RuntimeName>().is_err(), "{name}");
        }
    }
}
