//! Predicts the next scrape of a client that scrapes at regular intervals.

use std::time::{Duration, Instant};

/// The last scrape, and the interval before it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScrapeSchedule {
    last: Option<Instant>,
    interval: Option<Duration>,
}

impl ScrapeSchedule {
    /// The shortest interval to predict. Scrapes that are more frequent share observations anyway.
    const MIN_INTERVAL: Duration = Duration::from_secs(1);
    /// The longest interval to predict. A rare scrape can wait for its observation.
    const MAX_INTERVAL: Duration = Duration::from_mins(5);
    /// The difference up to which two intervals count as equal.
    const JITTER: Duration = Duration::from_millis(200);

    /// Records a scrape and returns the time of the next one, if it can be predicted.
    pub(crate) fn record(&mut self, now: Instant) -> Option<Instant> {
        let previous = self.interval.take();
        let interval = now.checked_duration_since(self.last.replace(now)?)?;
        self.interval = Some(interval);
        let is_regular = previous?.abs_diff(interval) <= Self::JITTER;
        let is_predictable = is_regular && (Self::MIN_INTERVAL..=Self::MAX_INTERVAL).contains(&interval);
        is_predictable.then(|| now + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::ScrapeSchedule;
    use std::time::{Duration, Instant};

    #[test]
    fn only_regular_intervals_are_predicted() {
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
            let (mut schedule, mut now) = (ScrapeSchedule::default(), start);
            let mut next = schedule.record(now);
            for interval in intervals {
                now += Duration::from_millis(*interval);
                next = schedule.record(now);
            }
            assert_eq!(next.map(|next| next - start), expected.map(Duration::from_millis), "{intervals:?}");
        }
    }
}
