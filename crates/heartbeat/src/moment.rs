//! When something was said, on all clocks.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::BootId;

/// One moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock, which people read and somebody may set.
    pub wall: Timestamp,
    /// By the clocks of the kernel, if they are known.
    pub uptime: Option<Uptime>,
}

/// What nobody can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// In which boot.
    pub boot: BootId,
    /// `CLOCK_MONOTONIC`, to the millisecond.
    pub monotonic: Duration,
    /// `CLOCK_BOOTTIME`, to the millisecond: what start times of processes compare with.
    pub since_boot: Duration,
}
