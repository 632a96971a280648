//! The colours that are used.

use mosaic_probe::snapshot::Condition;
use mosaic_probe::verify::Status;

/// How a part of a line looks, where there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paint {
    #[default]
    Plain,
    Bold,
    Dim,
    Green,
    Cyan,
    Yellow,
    Red,
    Magenta,
}

impl Paint {
    /// The codes of SGR (ECMA-48), of the eight colours that every terminal has.
    pub(crate) fn codes(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Green => Some("32"),
            Self::Cyan => Some("36"),
            Self::Yellow => Some("33"),
            Self::Red => Some("1;31"),
            Self::Magenta => Some("35"),
        }
    }
}

impl From<Condition> for Paint {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Up => Self::Green,
            Condition::Starting => Self::Cyan,
            Condition::Stale => Self::Yellow,
            Condition::Dead | Condition::Missing => Self::Red,
            Condition::Unknown => Self::Magenta,
        }
    }
}

impl From<Status> for Paint {
    fn from(status: Status) -> Self {
        match status {
            Status::Pass => Self::Green,
            Status::Fail => Self::Red,
            Status::Unknown => Self::Magenta,
        }
    }
}
