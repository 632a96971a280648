//! The kernel's clocks. Only the outermost callers read them; everything else takes times as arguments.

use std::time::Duration;

use mosaic_domain::ProcessIdentity;
use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The time of `CLOCK_MONOTONIC`, which stops while the host is suspended and cannot be set.
#[must_use]
pub fn monotonic() -> Duration {
    duration(clock_gettime(ClockId::Monotonic))
}

/// The time of `CLOCK_BOOTTIME`, which includes suspensions. Process start times count on this clock.
#[must_use]
pub fn since_boot() -> Duration {
    duration(clock_gettime(ClockId::Boottime))
}

/// The start time of a process, on the clock of [`since_boot`].
#[must_use]
pub fn process_start_time(process: &ProcessIdentity) -> Duration {
    let ticks_per_second = clock_ticks_per_second().max(1);
    let millis = u128::from(process.start_ticks) * 1000 / u128::from(ticks_per_second);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn duration(time: Timespec) -> Duration {
    // These clocks are never negative.
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
