//! What a pane process answers to its orders.

use std::io::{self, BufRead, Write};

/// What the pane process reported instead of starting the command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PaneFailure(pub String);

/// What a pane process answers; each is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has its orders, and is in the unit's group (or was told of none).
    Joined,
    /// It has its orders, but may not enter the unit's group.
    Outside(String),
    /// It cannot start the command.
    Failed(PaneFailure),
    /// The connection closed: it executes the command.
    Gone,
}

impl Answer {
    pub(super) fn send(&self, mut to: impl Write) -> io::Result<()> {
        let line = match self {
            Self::Joined => "joined\n".to_owned(),
            Self::Outside(why) => format!("outside {}\n", why.replace('\n', " ")),
            Self::Failed(PaneFailure(why)) => format!("failed {}\n", why.replace('\n', " ")),
            Self::Gone => return Ok(()),
        };
        to.write_all(line.as_bytes())
    }

    pub(super) fn receive(mut from: impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("", _) => Ok(Self::Gone),
            ("joined", _) => Ok(Self::Joined),
            ("outside", why) => Ok(Self::Outside(why.to_owned())),
            ("failed", why) => Ok(Self::Failed(PaneFailure(why.to_owned()))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the pane process answers something else")),
        }
    }
}
