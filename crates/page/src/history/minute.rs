//! What was seen of an agent within a minute.

use mosaic_probe::snapshot::Condition;

/// One slot of the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minute {
    /// The worst that was seen.
    pub(crate) condition: Condition,
    /// It printed something.
    pub(crate) printed: bool,
}

impl Minute {
    /// Bit 3: it printed; bits 0 to 2: the condition, where more is worse. 0 is no minute at all.
    pub(super) fn bits(self) -> u8 {
        badness(self.condition) | u8::from(self.printed) << 3
    }

    /// What the bits say.
    pub(super) fn of(bits: u8) -> Option<Self> {
        let condition = Condition::ALL.into_iter().find(|condition| badness(*condition) == bits & 7)?;
        Some(Self { condition, printed: bits & 8 != 0 })
    }
}

/// How much a condition outweighs others of the same minute.
pub(super) fn badness(condition: Condition) -> u8 {
    match condition {
        Condition::Up => 1,
        Condition::Starting => 2,
        Condition::Stale => 3,
        Condition::Unknown => 4,
        Condition::Missing => 5,
        Condition::Dead => 6,
    }
}
