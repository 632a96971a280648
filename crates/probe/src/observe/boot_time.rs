//! The wall-clock time of the boot, from which start times of processes are converted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The boot time, which stays the same until the wall clock is set. Two clocks that are read one after the other differ
/// by another fraction of a millisecond each time, and a start time that follows it would be another value each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BootTime(Option<Timestamp>);

impl BootTime {
    /// The difference that reading the clocks explains.
    const TOLERANCE: SignedDuration = SignedDuration::from_millis(100);

    /// The time since the boot, for a pair of clock readings.
    pub(super) fn elapsed(&mut self, wall: Timestamp, since_boot: Duration) -> Duration {
        let Ok(measured) = wall.checked_sub(since_boot) else { return since_boot };
        let known = self.0.filter(|known| known.duration_until(measured).abs() <= Self::TOLERANCE);
        let boot = *self.0.insert(known.unwrap_or(measured));
        Duration::try_from(boot.duration_until(wall)).unwrap_or(since_boot)
    }
}

#[cfg(test)]
mod tests {
    use super::BootTime;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn the_boot_time_changes_only_if_the_clock_is_set() {
        let mut boot = BootTime::default();
        // Wall clock and time since boot in milliseconds, and the expected boot time.
        let table = [
            (1_000_000, 400_000, 600_000),
            (1_001_001, 401_000, 600_000),
            (1_002_000, 402_001, 600_000),
            (1_002_100, 402_000, 600_000),
            // The clock is set by an hour, and back.
            (4_602_000, 402_000, 4_200_000),
            (4_602_101, 402_100, 4_200_000),
            (1_003_000, 403_000, 600_000),
        ];
        for (wall, since_boot, expected) in table {
            let wall = Timestamp::from_millisecond(wall).unwrap();
            let elapsed = boot.elapsed(wall, Duration::from_millis(since_boot));
            assert_eq!((wall - elapsed).as_millisecond(), expected, "{wall} {since_boot}");
        }
    }
}
