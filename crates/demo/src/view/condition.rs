//! The one-word verdict on an agent.

use super::paint::Paint;

/// The condition of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its process is alive and its heartbeat fresh.
    Up,
    /// A start is under way.
    Starting,
    /// Its process is alive, its heartbeat late.
    Stale,
    /// Its process is gone.
    Dead,
    /// It has no session.
    Missing,
    /// Nobody could look.
    Unknown,
}

impl Condition {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Starting => "starting",
            Self::Stale => "stale",
            Self::Dead => "dead",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }

    /// A mark that differs from the others without any colour; the second is for terminals that
    /// have no more than ASCII.
    pub(crate) fn mark(self) -> (&'static str, &'static str) {
        match self {
            Self::Up => ("●", "*"),
            Self::Starting => ("◐", "~"),
            Self::Stale => ("◌", "!"),
            Self::Dead => ("✗", "x"),
            Self::Missing => ("–", "-"),
            Self::Unknown => ("?", "?"),
        }
    }

    /// Its colour.
    pub(crate) fn paint(self) -> Paint {
        match self {
            Self::Up => Paint::Green,
            Self::Starting => Paint::Cyan,
            Self::Stale => Paint::Yellow,
            Self::Dead | Self::Missing => Paint::Red,
            Self::Unknown => Paint::Magenta,
        }
    }
}
