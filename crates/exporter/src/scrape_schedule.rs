//! Predicts the next scrapes of clients that scrape at regular intervals.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rhythm of each scraper. Two servers of a pair may have the same address and send the same request, so a scraper
/// is known by its rhythm alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScrapeSchedule {
    rhythms: Vec<Rhythm>,
    /// The last scrapes, the newest first.
    recent: VecDeque<Instant>,
}

/// A scraper that came at least three times at the same interval.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    last: Instant,
    interval: Duration,
}

impl Rhythm {
    fn next(self) -> Instant {
        self.last + self.interval
    }
}

impl ScrapeSchedule {
    /// The shortest interval to predict. Scrapes that are more frequent share observations anyway.
    const MIN_INTERVAL: Duration = Duration::from_secs(1);
    /// The longest interval to predict. A rare scrape can wait for its observation.
    const MAX_INTERVAL: Duration = Duration::from_mins(5);
    /// The difference up to which two intervals count as equal.
    const JITTER: Duration = Duration::from_millis(200);
    /// The number of scrapers to remember, and of scrapes among which to look for a rhythm.
    const MAX_RHYTHMS: usize = 8;
    const MAX_RECENT: usize = 24;

    /// Records a scrape and returns the time of the next one of its rhythm, if it has one.
    pub(crate) fn record(&mut self, now: Instant) -> Option<Instant> {
        // A scraper that stays away twice has ended or changed its interval.
        self.rhythms.retain(|rhythm| now <= rhythm.next() + rhythm.interval + Self::JITTER);
        let nearest = self.rhythms.iter_mut().min_by_key(|rhythm| distance(now, rhythm.next()));
        let next = match nearest.filter(|rhythm| distance(now, rhythm.next()) <= Self::JITTER) {
            Some(rhythm) => {
                *rhythm = Rhythm { last: now, interval: now.saturating_duration_since(rhythm.last) };
                Some(rhythm.next())
            }
            None => self.find_rhythm(now).map(|rhythm| {
                if self.rhythms.len() < Self::MAX_RHYTHMS {
                    self.rhythms.push(rhythm);
                }
                rhythm.next()
            }),
        };
        self.recent.push_front(now);
        self.recent.truncate(Self::MAX_RECENT);
        next
    }

    /// The interval at which most of the recent scrapes came before this one, at least two. Of equal ones, the longest,
    /// because scrapes of different scrapers are closer to each other.
    fn find_rhythm(&self, now: Instant) -> Option<Rhythm> {
        let intervals = self.recent.iter().map(|previous| now.saturating_duration_since(*previous));
        let intervals = intervals.filter(|interval| (Self::MIN_INTERVAL..=Self::MAX_INTERVAL).contains(interval));
        let counted = intervals.map(|interval| (self.scrapes_before(now, interval), interval));
        let (_, interval) = counted.filter(|(count, _)| *count >= 2).max()?;
        Some(Rhythm { last: now, interval })
    }

    /// The number of recent scrapes at this interval before a time, without a gap.
    fn scrapes_before(&self, now: Instant, interval: Duration) -> usize {
        let mut count = 0;
        let mut later = now;
        for scrape in &self.recent {
            if later.saturating_duration_since(*scrape).abs_diff(interval) <= Self::JITTER {
                later = *scrape;
                count += 1;
            }
        }
        count
    }
}

fn distance(one: Instant, other: Instant) -> Duration {
    one.saturating_duration_since(other).max(other.saturating_duration_since(one))
}

#[cfg(test)]
mod tests {
    use super::ScrapeSchedule;
    use std::time::{Duration, Instant};

    /// Records scrapes at these milliseconds, and returns the prediction after each.
    fn predictions(scrapes: impl IntoIterator<Item = u64>) -> Vec<Option<u64>> {
        let start = Instant::now();
        let mut schedule = ScrapeSchedule::default();
        let millis = |instant: Instant| u64::try_from((instant - start).as_millis()).unwrap();
        scrapes.into_iter().map(|at| schedule.record(start + Duration::from_millis(at)).map(millis)).collect()
    }

    #[test]
    fn only_regular_intervals_are_predicted() {
        let table: [(&[u64], Option<u64>); 9] = [
            (&[0], None),
            (&[0, 15_000], None),
            (&[0, 15_000, 30_000], Some(45_000)),
            (&[0, 15_000, 30_150], Some(45_300)),
            (&[0, 15_000, 30_300], None),
            (&[0, 3_000, 18_000, 33_000], Some(48_000)),
            (&[0, 500, 1_000], None),
            (&[0, 400_000, 800_000], None),
            // The scraper pauses, and continues at another time.
            (&[0, 15_000, 30_000, 97_000, 112_000, 127_000], Some(142_000)),
        ];
        for (scrapes, expected) in table {
            assert_eq!(predictions(scrapes.iter().copied()).last().unwrap(), &expected, "{scrapes:?}");
        }
    }

    /// The scrapes of several scrapers, each with its offset and interval in milliseconds, in order.
    fn merged(servers: &[(u64, u64)], until: u64) -> Vec<(u64, u64)> {
        let times = servers.iter().flat_map(|(offset, interval)| {
            (0..)
                .map(move |count| offset + count * interval)
                .take_while(|at| *at < until)
                .map(move |at| (at, *interval))
        });
        let mut times: Vec<_> = times.collect();
        times.sort_unstable();
        times
    }

    #[test]
    fn every_scraper_has_its_own_rhythm() {
        let table: [&[(u64, u64)]; 6] = [
            &[(0, 15_000), (4_000, 15_000)],
            &[(0, 15_000), (7_500, 15_000)],
            &[(0, 15_000), (100, 15_000)],
            &[(0, 15_000), (4_000, 15_000), (8_000, 15_000)],
            &[(0, 15_000), (1_700, 10_000)],
            &[(0, 60_000), (2_000, 15_000), (9_000, 15_000)],
        ];
        for servers in table {
            let scrapes = merged(servers, 600_000);
            let predicted = predictions(scrapes.iter().map(|(at, _)| *at));
            let settled = scrapes.iter().zip(predicted).filter(|((at, _), _)| *at > 300_000);
            for ((at, _), next) in settled {
                let next = next.unwrap_or_else(|| panic!("{servers:?}: none after {at}"));
                let is_right = next >= 600_000 || scrapes.iter().any(|(at, _)| at.abs_diff(next) <= 200);
                assert!(is_right, "{servers:?}: {next} after {at}");
            }
        }
    }

    #[test]
    fn any_number_of_scrapes_is_remembered_within_limits() {
        let start = Instant::now();
        let mut schedule = ScrapeSchedule::default();
        for at in 0..2_000 {
            schedule.record(start + Duration::from_millis(at * at * 7));
        }
        assert!(schedule.rhythms.len() <= 8 && schedule.recent.len() <= 24, "{schedule:?}");
    }
}
