//! Where the demo is shown.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use super::live::Live;
use super::snapshots::Snapshots;
use super::{Row, Style};

/// Standard output, as far as it can do what is wanted.
#[derive(Debug)]
pub(crate) enum Screen {
    /// A terminal, on which the table stays in its place.
    Live(Live),
    /// A file, a pipe, or a terminal that cannot move its cursor.
    Plain(Snapshots),
}

impl Screen {
    /// Looks what standard output is.
    pub(crate) fn find() -> Self {
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if io::stdout().is_terminal() && !dumb {
            Self::Live(Live::new())
        } else {
            Self::Plain(Snapshots::new(Style::choose(false, 0, |name| env::var_os(name))))
        }
    }

    /// Tells something that stays.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        match self {
            Self::Live(live) => live.say(text),
            Self::Plain(plain) => plain.say(text),
        }
    }

    /// Tells something that is to be copied, and so is not broken into lines.
    pub(crate) fn say_whole(&mut self, text: &str) -> io::Result<()> {
        match self {
            Self::Live(live) => live.say_whole(text),
            Self::Plain(plain) => plain.say(text),
        }
    }

    /// Shows the table, with a line below it.
    pub(crate) fn show(&mut self, rows: &[Row], below: &str, now: Duration) -> io::Result<()> {
        match self {
            Self::Live(live) => live.show(rows, Some(below)),
            Self::Plain(plain) => plain.show(rows, now),
        }
    }

    /// The table was shown for the last time.
    pub(crate) fn leave(&mut self, rows: &[Row]) -> io::Result<()> {
        match self {
            Self::Live(live) => live.leave(rows),
            Self::Plain(_) => Ok(()),
        }
    }
}
