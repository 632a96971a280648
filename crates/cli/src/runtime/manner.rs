//! How much a runtime asks.

/// Does somebody sit at it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Yes: it asks before it acts, as it is set up to.
    Attended,
    /// No: it may do everything without asking.
    Unattended,
}
