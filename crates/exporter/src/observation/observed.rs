//! What one look gave.

use std::time::Duration;

use mosaic_probe::Snapshot;

/// A snapshot, and how old it is.
#[derive(Debug)]
pub(crate) struct Observed {
    /// The fleet.
    pub(crate) snapshot: Snapshot,
    /// Whether it passes `mosaic fleet verify`.
    pub(crate) verified: bool,
    /// When the look began, counted from the boot and through suspensions: nothing in it is older.
    pub(crate) begun: Duration,
}
