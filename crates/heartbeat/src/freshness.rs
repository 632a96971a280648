//! How old a heartbeat is, and whether that is too old.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{BeatInterval, BootId};

use crate::Heartbeat;

/// The clocks of one observation, sampled once and passed in.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Wall-clock time.
    pub wall: Timestamp,
    /// `CLOCK_MONOTONIC`.
    pub monotonic: Duration,
    /// The running boot.
    pub boot: BootId,
}

/// The judgement on a heartbeat's age. It says whether the *sidecar* is alive, no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// At most three intervals old.
    Fresh {
        /// Its age.
        age: Duration,
    },
    /// Older than that.
    Late {
        /// Its age.
        age: Duration,
    },
    /// Nobody can say.
    Unknown(Unjudgeable),
}

/// Why an age means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unjudgeable {
    /// By the wall clock it was written later than now, so that clock was set.
    #[error("it was written in the future, says the wall clock")]
    WallClockAhead,
    /// By the monotonic clock of this boot it was written later than now, which no writer of this
    /// host does.
    #[error("it was written in the future, says the monotonic clock")]
    MonotonicClockAhead,
}

impl Freshness {
    /// Judges a heartbeat.
    ///
    /// Within one boot the monotonic clock decides, so that a wall clock that jumps and a suspended
    /// host make nothing late. `assumed` is the interval of version 1 files, which do not say theirs.
    #[must_use]
    pub fn judge(heartbeat: &Heartbeat, now: &Now, assumed: BeatInterval) -> Self {
        let interval = heartbeat.binding.as_ref().map_or(assumed, |binding| binding.interval);
        let age = match &heartbeat.binding {
            Some(binding) if binding.boot == now.boot => {
                now.monotonic.checked_sub(binding.monotonic).ok_or(Unjudgeable::MonotonicClockAhead)
            }
            _ => Duration::try_from(now.wall.duration_since(heartbeat.written_at))
                .map_err(|_| Unjudgeable::WallClockAhead),
        };
        match age {
            Ok(age) if age <= 3 * interval.duration() => Self::Fresh { age },
            Ok(age) => Self::Late { age },
            Err(reason) => Self::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, Now, Unjudgeable};
    use crate::Heartbeat;
    use mosaic_domain::BeatInterval;
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
    fn a_wall_clock_set_by_a_day_makes_nothing_late_or_fresh() {
        let fresh = |age| Freshness::Fresh { age: Duration::from_secs(age) };
        let late = |age| Freshness::Late { age: Duration::from_secs(age) };
        for jump in [-DAY, 0, DAY] {
            let table = [(1000, fresh(0)), (1030, fresh(30)), (1031, late(31)), (5000, late(4000))];
            for (monotonic, expected) in table {
                let judged = Freshness::judge(&written(true), &now(jump, monotonic, true), BeatInterval::DEFAULT);
                assert_eq!(judged, expected, "wall clock {jump:+} s, monotonic {monotonic}");
            }
        }
    }

    #[test]
    fn after_a_boot_and_of_version_1_files_the_wall_clock_decides() {
        let fresh = |age| Freshness::Fresh { age: Duration::from_secs(age) };
        let late = |age| Freshness::Late { age: Duration::from_secs(age) };
        let ahead = Freshness::Unknown(Unjudgeable::WallClockAhead);
        let table = [
            (true, now(30, 1, false), fresh(30)),
            (true, now(31, 1, false), late(31)),
            (true, now(-1, 1, false), ahead),
            (false, now(45, 1, true), fresh(45)), // three times the assumed 15 s
            (false, now(46, 1, true), late(46)),
            (false, now(-1, 1, true), ahead),
        ];
        for (version_2, now, expected) in table {
            assert_eq!(Freshness::judge(&written(version_2), &now, BeatInterval::DEFAULT), expected);
        }
    }

    #[test]
    fn a_monotonic_time_in_the_future_is_unknown() {
        let judged = Freshness::judge(&written(true), &now(0, 999, true), BeatInterval::DEFAULT);
        assert_eq!(judged, Freshness::Unknown(Unjudgeable::MonotonicClockAhead));
    }
}
