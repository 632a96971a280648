//! What an install means for the timer that has waiting messages delivered: pure.

use mosaic_systemd::UnitName;

use super::switched_off::SwitchedOff;
use super::{Seen, Surroundings};
use crate::{Layout, Step};

/// What is to be done about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutboxChange {
    /// It was started by an install before.
    was_started: bool,
    /// It is left alone then.
    pub(super) switched_off: Option<SwitchedOff>,
}

impl OutboxChange {
    /// Before any file is looked at.
    pub(super) fn of(layout: &Layout, seen: &Seen, surroundings: &Surroundings) -> Self {
        let was_started = seen.manifest.as_ref().is_some_and(|manifest| manifest.outbox);
        let switched_off = SwitchedOff::of(&UnitName::outbox_timer(), was_started, layout, seen, surroundings);
        Self { was_started, switched_off }
    }

    /// What to do once the manager has read the units. A timer that runs goes by its new settings when they
    /// are read, and one that somebody has stopped since is back after a boot; so it is started once.
    pub(super) fn steps(self) -> Option<Step> {
        (!self.was_started && self.switched_off.is_none()).then(|| Step::Start(vec![UnitName::outbox_timer()]))
    }
}
