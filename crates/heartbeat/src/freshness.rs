//! Judging the age of a heartbeat.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{BootId, HeartbeatInterval};

use crate::Heartbeat;

/// The number of intervals after which a heartbeat is late.
pub const LATE_AFTER_INTERVALS: u32 = 3;

/// The clocks of one observation, read once.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall-clock time.
    pub wall: Timestamp,
    /// The time of `CLOCK_MONOTONIC`.
    pub monotonic: Duration,
    /// The running boot.
    pub boot: BootId,
}

/// Whether a heartbeat is recent. That tells whether the *sidecar* is alive, not whether the agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The heartbeat is at most three intervals old.
    Fresh {
        /// The age of the heartbeat.
        age: Duration,
    },
    /// The heartbeat is older.
    Late {
        /// The age of the heartbeat.
        age: Duration,
    },
    /// The age cannot be determined.
    Unknown(UnknownAge),
}

/// Why the age of a heartbeat is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAge {
    /// The wall-clock time of the heartbeat is in the future, so the wall clock was set.
    #[error("its wall-clock time is in the future")]
    WallClockAhead,
    /// The monotonic time of the heartbeat is in the future, although it is of this boot. No writer on this
    /// host writes that.
    #[error("its monotonic time is in the future")]
    MonotonicClockAhead,
}

impl Freshness {
    /// Judges a heartbeat.
    ///
    /// Within one boot the monotonic clock decides, so that neither a jump of the wall clock nor a suspension
    /// of the host makes a heartbeat late. `assumed` is the interval of version 1 files, which do not state it.
    #[must_use]
    pub fn judge(heartbeat: &Heartbeat, now: &Now, assumed: HeartbeatInterval) -> Self {
        let interval = heartbeat.binding.as_ref().map_or(assumed, |binding| binding.interval);
        let age = match &heartbeat.binding {
            Some(binding) if binding.boot == now.boot => {
                now.monotonic.checked_sub(binding.monotonic).ok_or(UnknownAge::MonotonicClockAhead)
            }
            _ => Duration::try_from(now.wall.duration_since(heartbeat.written_at))
                .map_err(|_| UnknownAge::WallClockAhead),
        };
        match age {
            Ok(age) if age <= LATE_AFTER_INTERVALS * interval.duration() => Self::Fresh { age },
            Ok(age) => Self::Late { age },
            Err(reason) => Self::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, Now, UnknownAge};
    use crate::Heartbeat;
    use mosaic_domain::HeartbeatInterval;
    use std::time::Duration;

    const DAY: i64 = 86_400;

    fn written(version_2: bool) -> Heartbeat {
        let mut text = "ts=2026-11-20T12:00:00+00:00\npid=77\nstatus=ok\n".to_owned();
        if version_2 {
            text.push_str("v=2\nagent=a\nboot=0700cf0c-8b1c-49c8-862a-3c44fb7bacfe\nstart=5\nmono=1000.000\n");
            text.push_str("interval=10\nseq=1\nsidecar=78\ngen=1\n");
        }
        text.parse().unwrap()
    }

    fn now(wall_seconds: i64, monotonic: u64, same_boot: bool) -> Now {
        let boot =
            if same_boot { "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe" } else { "11111111-8b1c-49c8-862a-3c44fb7bacfe" };
        Now {
            wall: "2026-11-20T12:00:00Z".parse::<jiff::Timestamp>().unwrap()
                + jiff::SignedDuration::from_secs(wall_seconds),
            monotonic: Duration::from_secs(monotonic),
            boot: boot.parse().unwrap(),
        }
    }

    #[test]
    fn setting_the_wall_clock_does_not_change_the_age() {
        let fresh = |age| Freshness::Fresh { age: Duration::from_secs(age) };
        let late = |age| Freshness::Late { age: Duration::from_secs(age) };
        for jump in [-DAY, 0, DAY] {
            let table = [(1000, fresh(0)), (1030, fresh(30)), (1031, late(31)), (5000, late(4000))];
            for (monotonic, expected) in table {
                let judged = Freshness::judge(&written(true), &now(jump, monotonic, true), HeartbeatInterval::DEFAULT);
                assert_eq!(judged, expected, "wall clock {jump:+} s, monotonic {monotonic}");
            }
        }
    }

    #[test]
    fn the_wall_clock_decides_for_other_boots_and_version_1_files() {
        let fresh = |age| Freshness::Fresh { age: Duration::from_secs(age) };
        let late = |age| Freshness::Late { age: Duration::from_secs(age) };
        let ahead = Freshness::Unknown(UnknownAge::WallClockAhead);
        let table = [
            (true, now(30, 1, false), fresh(30)),
            (true, now(31, 1, false), late(31)),
            (true, now(-1, 1, false), ahead),
            (false, now(45, 1, true), fresh(45)), // three times the assumed 15 s
            (false, now(46, 1, true), late(46)),
            (false, now(-1, 1, true), ahead),
        ];
        for (version_2, now, expected) in table {
            assert_eq!(Freshness::judge(&written(version_2), &now, HeartbeatInterval::DEFAULT), expected);
        }
    }

    #[test]
    fn a_monotonic_time_in_the_future_is_unknown() {
        let judged = Freshness::judge(&written(true), &now(0, 999, true), HeartbeatInterval::DEFAULT);
        assert_eq!(judged, Freshness::Unknown(UnknownAge::MonotonicClockAhead));
    }
}
