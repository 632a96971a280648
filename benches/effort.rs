//! How much is measured.

/// How many repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Full,
}

impl Effort {
    pub(crate) fn pick(self, quick: usize, full: usize) -> usize {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }

    /// The option that asks for it.
    pub(crate) fn flag(self) -> Option<&'static str> {
        (self == Self::Quick).then_some("--quick")
    }
}
