//! What every part of the page is made from.

use jiff::Timestamp;
use mosaic_probe::snapshot::Snapshot;

use crate::History;
use crate::ages::Ages;

/// One look, and what was seen before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// Whether `mosaic fleet verify` would pass; nothing if nobody asked.
    pub(crate) verified: Option<bool>,
    pub(crate) history: &'a History,
    pub(crate) now: Timestamp,
    pub(crate) ages: Ages,
}
