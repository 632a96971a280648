//! Which tmux this is.

use std::fmt;
use std::str::FromStr;

/// A version of tmux by its numbers: `3.3a` and `next-3.3` are 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// The oldest tmux that has what a fleet needs (`-N`, `extended-keys`).
    pub const OLDEST: Self = Self { major: 3, minor: 2 };
}

/// A text in which no version of tmux stands.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' names no version of tmux", .0.escape_debug())]
pub struct InvalidVersion(String);

impl FromStr for Version {
    type Err = InvalidVersion;

    /// Reads `3.3a`, `tmux 3.3a`, `tmux next-3.4`, `tmux 3.5-rc`. OpenBSD's own (`openbsd-7.2`)
    /// counts by the system's versions, and is newer than all of these.
    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(given.to_owned());
        let text = given.trim().trim_start_matches("tmux ").trim_start_matches("next-").trim_start_matches("openbsd-");
        let (major, rest) = text.split_once('.').ok_or_else(invalid)?;
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        Ok(Self { major: major.parse().map_err(|_| invalid())?, minor: rest[..digits].parse().map_err(|_| invalid())? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_compare_by_their_numbers() {
        let table = [
            ("tmux 3.3a", true),
            ("3.2", true),
            ("tmux next-3.4", true),
            ("tmux 3.5-rc2", true),
            ("tmux 3.10", true),
            ("tmux openbsd-7.2", true),
            ("tmux 3.1c", false),
            ("tmux 2.9a", false),
            ("tmux 1.8", false),
        ];
        for (text, new_enough) in table {
            assert_eq!(text.parse::<Version>().unwrap() >= Version::OLDEST, new_enough, "{text}");
        }
        for text in ["", "tmux", "tmux master", "tmux x.y"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
