//! The session that keeps the tmux server alive.

use std::fmt;
use std::str::FromStr;

/// The name of the holder's session: `[A-Za-z0-9_][A-Za-z0-9_-]{0,63}`.
///
/// It goes into tmux targets, so it has none of tmux's own characters; a leading `_`, which no
/// agent's name can have, keeps it apart from agents' sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderSession(String);

impl HolderSession {
    /// The session's name unless the roster has another.
    pub const DEFAULT: &str = "_holder";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for HolderSession {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// A text that is not the name of a holder's session.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not a session name: it is 1 to 64 letters, digits, '_' or '-' (ASCII), and does not start with '-'",
    .given.escape_debug()
)]
pub struct InvalidHolderSession {
    given: String,
}

impl FromStr for HolderSession {
    type Err = InvalidHolderSession;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=64).contains(&given.len()) && given.bytes().all(allowed) && !given.starts_with('-') {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidHolderSession { given: given.to_owned() })
        }
    }
}

impl fmt::Display for HolderSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::HolderSession;

    #[test]
    fn a_name_is_one_that_tmux_takes_for_nothing_else() {
        assert_eq!(HolderSession::DEFAULT.parse(), Ok(HolderSession::default()));
        for name in ["", "-t", "=a", "a:", "a.b", "$1", "@2", "%3", "a b", &"a".repeat(65)] {
            assert!(name.parse::<HolderSession>().is_err(), "{name}");
        }
    }
}
