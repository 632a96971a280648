//! The colours that are used.

/// How a part of a line looks, where there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
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
            Self::Dim => Some("2"),
            Self::Green => Some("32"),
            Self::Cyan => Some("36"),
            Self::Yellow => Some("33"),
            Self::Red => Some("1;31"),
            Self::Magenta => Some("35"),
        }
    }
}
