//! When to look whether the agent is still in its unit's control group. This module is pure.
//!
//! tmux 3.4 and later asks the user manager to move the process of each new pane into a scope of its own, and does not
//! always wait for it. On a busy host the manager does so after the launcher has moved the process into the unit's group,
//! and the limits of the unit would not apply any more. No event tells when the manager is done.

use std::time::Duration;

/// The pause before the first look after a process began, and the longest one. After that, only heartbeats look.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(6400);

/// The time of the next look, on the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupWatch {
    pause: Duration,
    /// `None` once only heartbeats look.
    due: Option<Duration>,
}

impl GroupWatch {
    /// The looks after a process, which began now.
    pub(super) fn new(now: Duration) -> Self {
        Self { pause: FIRST_PAUSE, due: Some(now + FIRST_PAUSE) }
    }

    /// How long to wait until a look is due, at most `limit`. A look waits for a heartbeat that is due soon after it.
    pub(super) fn time_to_wait(&self, now: Duration, limit: Duration) -> Duration {
        let alone = self.due.filter(|due| *due + self.pause / 2 < now + limit);
        alone.map_or(limit, |due| due.saturating_sub(now).min(limit))
    }

    /// Returns whether a look is due, and schedules the next one.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        let Some(due) = self.due.filter(|due| *due <= now) else { return false };
        self.pause *= 2;
        self.due = (self.pause <= LONGEST_PAUSE).then_some(due.max(now) + self.pause);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::GroupWatch;
    use std::time::Duration;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn looks_become_rarer_and_end_with_the_heartbeats() {
        let mut watch = GroupWatch::new(ms(1000));
        assert!(!watch.is_due(ms(1049)));
        let (mut now, mut looks) = (ms(1000), Vec::new());
        while watch.time_to_wait(now, ms(60_000)) < ms(60_000) {
            now += watch.time_to_wait(now, ms(60_000));
            assert!(watch.is_due(now));
            looks.push(now.as_millis() - 1000);
        }
        assert_eq!(looks, [50, 150, 350, 750, 1550, 3150, 6350, 12_750]);
        assert!(!watch.is_due(now + ms(60_000)));
    }

    #[test]
    fn a_look_waits_for_a_heartbeat_that_is_due_soon_after_it() {
        let watch = GroupWatch::new(ms(0));
        assert_eq!(watch.time_to_wait(ms(0), ms(75)), ms(75));
        assert_eq!(watch.time_to_wait(ms(0), ms(76)), ms(50));
    }

    #[test]
    fn a_wait_never_exceeds_its_limit() {
        assert_eq!(GroupWatch::new(ms(0)).time_to_wait(ms(0), ms(20)), ms(20));
        assert_eq!(GroupWatch::new(ms(0)).time_to_wait(ms(70), ms(20)), ms(0));
    }
}
