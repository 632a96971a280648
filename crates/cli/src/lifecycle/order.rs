//! What is to be done with agents.

use mosaic_systemd::Verb;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// They shall run; those that do are left alone.
    Start,
    /// They shall not run.
    Stop,
    /// They shall run anew.
    Restart,
}

impl Order {
    /// The job that does it for a unit.
    pub(crate) fn verb(self) -> Verb {
        match self {
            Self::Start => Verb::Start,
            Self::Stop => Verb::Stop,
            Self::Restart => Verb::Restart,
        }
    }

    /// Its word, as a command and in JSON.
    pub(crate) fn word(self) -> &'static str {
        self.verb().as_str()
    }
}
