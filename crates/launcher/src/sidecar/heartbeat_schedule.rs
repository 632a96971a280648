//! When the next heartbeat and the next watchdog notification are due. This module is pure.

use std::time::Duration;

/// The due times, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeartbeatSchedule {
    interval: Duration,
    next_heartbeat: Duration,
    /// The period of notifications, and the time of the next one.
    watchdog: Option<(Duration, Duration)>,
}

impl HeartbeatSchedule {
    /// The first heartbeat is due after the fraction `phase` / 2³² of the interval, so that the agents of a fleet do not
    /// write at the same time. The watchdog is notified twice within its period.
    pub(super) fn new(now: Duration, interval: Duration, phase: u32, watchdog: Option<Duration>) -> Self {
        let share = (interval.as_nanos() * u128::from(phase)) >> 32;
        let share = Duration::from_nanos(u64::try_from(share).unwrap_or_default());
        let period = watchdog.map(|period| (period / 2).max(Duration::from_millis(1)));
        Self { interval, next_heartbeat: now + share, watchdog: period.map(|period| (period, now + period)) }
    }

    /// How long to wait until something is due.
    pub(super) fn time_to_wait(&self, now: Duration) -> Duration {
        let next = self.watchdog.map_or(self.next_heartbeat, |(_, due)| due.min(self.next_heartbeat));
        next.saturating_sub(now)
    }

    /// Returns whether a heartbeat is due, and schedules the next one an interval later. Heartbeats that were missed, for
    /// example while the host was suspended, are not made up for.
    pub(super) fn heartbeat_is_due(&mut self, now: Duration) -> bool {
        let due = now >= self.next_heartbeat;
        if due {
            self.next_heartbeat = (self.next_heartbeat + self.interval).max(now + self.interval / 2);
        }
        due
    }

    /// Returns whether a watchdog notification is due, and schedules the next one. A heartbeat makes it due early, so that
    /// the sidecar wakes up once for both.
    pub(super) fn watchdog_is_due(&mut self, now: Duration, with_heartbeat: bool) -> bool {
        match &mut self.watchdog {
            Some((period, due)) if with_heartbeat || now >= *due => {
                *due = now + *period;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HeartbeatSchedule;
    use std::time::Duration;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_phase_spreads_the_first_heartbeat_over_one_interval() {
        for (phase, first) in [(0, s(100)), (1 << 31, Duration::from_millis(107_500))] {
            assert_eq!(HeartbeatSchedule::new(s(100), s(15), phase, None).time_to_wait(s(100)) + s(100), first);
        }
        assert!(HeartbeatSchedule::new(s(0), s(15), u32::MAX, None).time_to_wait(s(0)) < s(15));
    }

    #[test]
    fn missed_heartbeats_are_not_made_up_for() {
        let mut schedule = HeartbeatSchedule::new(s(0), s(10), 0, None);
        assert!(schedule.heartbeat_is_due(s(0)));
        assert!(!schedule.heartbeat_is_due(s(9)));
        assert!(schedule.heartbeat_is_due(s(11)), "one second late");
        assert_eq!(schedule.time_to_wait(s(11)), s(9), "the next one is on time");
        assert!(schedule.heartbeat_is_due(s(1000)), "the host was suspended");
        assert!(schedule.time_to_wait(s(1000)) >= s(5));
    }

    #[test]
    fn the_watchdog_is_notified_twice_per_period_and_with_heartbeats() {
        let mut rare = HeartbeatSchedule::new(s(0), s(300), u32::MAX, Some(s(40)));
        assert_eq!(rare.time_to_wait(s(0)), s(20));
        assert!(!rare.watchdog_is_due(s(19), false));
        assert!(rare.watchdog_is_due(s(20), false));
        assert_eq!(rare.time_to_wait(s(20)), s(20));

        let mut frequent = HeartbeatSchedule::new(s(0), s(15), 0, Some(s(40)));
        assert!(frequent.heartbeat_is_due(s(0)) && frequent.watchdog_is_due(s(0), true));
        assert_eq!(frequent.time_to_wait(s(0)), s(15), "no wake-up for the watchdog alone");
    }
}
