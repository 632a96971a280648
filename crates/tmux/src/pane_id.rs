//! A pane's id, which no other pane of the server ever gets.

use std::fmt;
use std::str::FromStr;

/// A pane id: `%4`. It is an exact target wherever tmux takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaneId(u32);

/// A text that is not a pane id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a pane id: expected % and a number", .0.escape_debug())]
pub struct InvalidPaneId(String);

impl FromStr for PaneId {
    type Err = InvalidPaneId;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let number = given.strip_prefix('%').and_then(|number| number.parse().ok());
        number.map(Self).ok_or_else(|| InvalidPaneId(given.to_owned()))
    }
}

impl fmt::Display for PaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}
