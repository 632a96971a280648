//! When the next beat and the next word to the watchdog are due: pure.

use std::time::Duration;

/// Due times on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    interval: Duration,
    beat: Duration,
    watchdog: Option<(Duration, Duration)>,
}

impl Schedule {
    /// The first regular beat comes after a part of the interval, `phase` of 2³² parts, so that a
    /// fleet that was started at once does not beat in step. The watchdog hears from us twice in
    /// its time.
    pub(super) fn new(now: Duration, interval: Duration, phase: u32, watchdog: Option<Duration>) -> Self {
        let share = (interval.as_nanos() * u128::from(phase)) >> 32;
        let share = Duration::from_nanos(u64::try_from(share).unwrap_or_default());
        let period = watchdog.map(|period| (period / 2).max(Duration::from_millis(1)));
        Self { interval, beat: now + share, watchdog: period.map(|period| (period, now + period)) }
    }

    /// How long to wait at most.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let next = self.watchdog.map_or(self.beat, |(_, due)| due.min(self.beat));
        next.saturating_sub(now)
    }

    /// Is a beat due? Then the next one is an interval later: beats that were missed, by a
    /// suspended host say, are not made up for.
    pub(super) fn beat_is_due(&mut self, now: Duration) -> bool {
        let due = now >= self.beat;
        if due {
            self.beat = (self.beat + self.interval).max(now + self.interval / 2);
        }
        due
    }

    /// Is it time for the watchdog? A beat that is due anyway is an occasion, so that the sidecar
    /// wakes for both at once.
    pub(super) fn watchdog_is_due(&mut self, now: Duration, beating: bool) -> bool {
        match &mut self.watchdog {
            Some((period, due)) if beating || now >= *due => {
                *due = now + *period;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use std::time::Duration;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_phase_spreads_the_first_beat_over_one_interval() {
        for (phase, first) in [(0, s(100)), (1 << 31, Duration::from_millis(107_500))] {
            assert_eq!(Schedule::new(s(100), s(15), phase, None).wait(s(100)) + s(100), first);
        }
        assert!(Schedule::new(s(0), s(15), u32::MAX, None).wait(s(0)) < s(15));
    }

    #[test]
    fn beats_keep_their_time_and_are_not_made_up_for() {
        let mut schedule = Schedule::new(s(0), s(10), 0, None);
        assert!(schedule.beat_is_due(s(0)));
        assert!(!schedule.beat_is_due(s(9)));
        assert!(schedule.beat_is_due(s(11)), "late by one");
        assert_eq!(schedule.wait(s(11)), s(9), "the next is not late");
        assert!(schedule.beat_is_due(s(1000)), "the host was suspended");
        assert!(schedule.wait(s(1000)) >= s(5));
    }

    #[test]
    fn the_watchdog_hears_from_us_twice_in_its_time_and_with_beats() {
        let mut rare_beats = Schedule::new(s(0), s(300), u32::MAX, Some(s(40)));
        assert_eq!(rare_beats.wait(s(0)), s(20));
        assert!(!rare_beats.watchdog_is_due(s(19), false));
        assert!(rare_beats.watchdog_is_due(s(20), false));
        assert_eq!(rare_beats.wait(s(20)), s(20));

        let mut frequent_beats = Schedule::new(s(0), s(15), 0, Some(s(40)));
        assert!(frequent_beats.beat_is_due(s(0)) && frequent_beats.watchdog_is_due(s(0), true));
        assert_eq!(frequent_beats.wait(s(0)), s(15), "no wake-up for the watchdog alone");
    }
}
