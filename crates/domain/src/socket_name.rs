//! The name of the tmux server's socket (`tmux -L`).

use std::fmt;
use std::str::FromStr;

use crate::word::is_word;

/// The name of a fleet's tmux socket: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
///
/// tmux joins it to a directory to make a path, so a `/` would leave that directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketName(String);

impl SocketName {
    /// The socket that fleets use unless told otherwise.
    pub const DEFAULT: &str = "mosaic-factory";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SocketName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// A text that is not a socket name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{}' is not a tmux socket name: it is 1 to 64 letters, digits, '.', '_' or '-' (ASCII), and starts with a letter or digit",
    .given.escape_debug()
)]
pub struct InvalidSocketName {
    given: String,
}

impl FromStr for SocketName {
    type Err = InvalidSocketName;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if is_word(given, b"._-") {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidSocketName { given: given.to_owned() })
        }
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SocketName;

    #[test]
    fn a_name_cannot_leave_the_socket_directory() {
        assert!(SocketName::DEFAULT.parse::<SocketName>().is_ok());
        for name in ["", "../x", "a/b", "/tmp/x", "-L", "a b", ".", "é"] {
            assert!(name.parse::<SocketName>().is_err(), "{name}");
        }
    }
}
