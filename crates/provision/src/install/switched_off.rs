//! Whether somebody meant a unit not to start at boot any more: pure.

use std::path::Path;

use mosaic_systemd::UnitName;

use super::{Seen, Surroundings};
use crate::{Found, Layout};

/// How somebody ended that a unit of ours starts at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SwitchedOff {
    Disabled,
    /// By a link in the place of its unit, of which there is a word like of any other link.
    Masked,
}

impl SwitchedOff {
    /// Whether and how it was done to this unit; only what was enabled once can have been disabled since.
    pub(super) fn of(
        unit: &UnitName,
        was_enabled: bool,
        layout: &Layout,
        seen: &Seen,
        surroundings: &Surroundings,
    ) -> Option<Self> {
        let file = seen.entries.get(&layout.units().join(unit.as_str()));
        let is_masked = matches!(file, Some(Found::Link(target)) if target == Path::new("/dev/null"));
        let is_disabled = was_enabled && !surroundings.enabled.contains(unit);
        if is_masked { Some(Self::Masked) } else { is_disabled.then_some(Self::Disabled) }
    }
}
