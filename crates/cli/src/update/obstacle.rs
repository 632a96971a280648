//! What stands in the way of a message on an agent's screen, and so of stopping the agent.

use mosaic_delivery::Refusal;

/// One obstacle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    /// What it is.
    pub(super) why: String,
    /// The screen shows it, and not only nothing that is known.
    pub(super) certain: bool,
}

impl Obstacle {
    /// One that was seen.
    pub(super) fn of(refusal: &Refusal) -> Self {
        let certain = matches!(refusal, Refusal::Busy | Refusal::Draft | Refusal::Dialog(_) | Refusal::InMode);
        Self { why: refusal.to_string(), certain }
    }

    /// Nothing that is known was seen.
    pub(super) fn unclear(why: impl Into<String>) -> Self {
        Self { why: why.into(), certain: false }
    }

    /// Does it count against the agent's own word?
    pub(super) fn is_certain(&self) -> bool {
        self.certain
    }
}
