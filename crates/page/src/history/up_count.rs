//! How many agents were up within a minute.

/// The fewest that were up, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpCount {
    /// So many were up …
    pub(crate) up: u16,
    /// … of so many that should be.
    pub(crate) of: u16,
}

impl UpCount {
    /// The one in which more were missing.
    pub(super) fn worse(self, other: Self) -> Self {
        if other.of.saturating_sub(other.up) >= self.of.saturating_sub(self.up) { other } else { self }
    }
}
