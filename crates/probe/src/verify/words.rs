//! Evidence and advice, for those who will read it.

use std::fmt;

/// Whether anybody reads what the checks say: of a thousand agents it takes longer to write than all the
/// checks take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Somebody does.
    Said,
    /// Only how each check went counts.
    Spared,
}

impl Words {
    /// A text, if somebody reads it.
    pub(super) fn say(self, text: fmt::Arguments<'_>) -> String {
        match self {
            Self::Said => fmt::format(text),
            Self::Spared => String::new(),
        }
    }

    /// The same of a text that is there.
    pub(super) fn repeat(self, text: &str) -> String {
        self.say(format_args!("{text}"))
    }
}
