//! When somebody who asks at regular intervals will ask again.

use std::time::{Duration, Instant};

/// What is known of how scrapes come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rhythm {
    last: Option<Instant>,
    interval: Option<Duration>,
}

impl Rhythm {
    /// Shorter ones find the look of the one before, or nearly.
    const SHORTEST: Duration = Duration::from_secs(1);
    /// Whoever comes less often can wait for a look.
    const LONGEST: Duration = Duration::from_mins(5);
    /// How much two intervals may differ that are the same.
    const JITTER: Duration = Duration::from_millis(200);

    /// Somebody asks; when the next one will, if that can be said.
    pub(super) fn asked(&mut self, now: Instant) -> Option<Instant> {
        let before = self.interval.take();
        let interval = now.checked_duration_since(self.last.replace(now)?)?;
        self.interval = Some(interval);
        let is_regular = before?.abs_diff(interval) <= Self::JITTER;
        (is_regular && (Self::SHORTEST..=Self::LONGEST).contains(&interval)).then(|| now + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::Rhythm;
    use std::time::{Duration, Instant};

    #[test]
    fn only_who_comes_at_regular_intervals_is_expected() {
        let table: [(&[u64], Option<u64>); 8] = [
            (&[], None),
            (&[15_000], None),
            (&[15_000, 15_000], Some(45_000)),
            (&[15_000, 15_150], Some(45_300)),
            (&[15_000, 15_300], None),
            (&[3_000, 15_000, 15_000], Some(48_000)),
            (&[500, 500], None),
            (&[400_000, 400_000], None),
        ];
        for (intervals, expected) in table {
            let start = Instant::now();
            let (mut rhythm, mut now) = (Rhythm::default(), start);
            let mut next = rhythm.asked(now);
            for interval in intervals {
                now += Duration::from_millis(*interval);
                next = rhythm.asked(now);
            }
            assert_eq!(next.map(|next| next - start), expected.map(Duration::from_millis), "{intervals:?}");
        }
    }
}
