//! `rate_limit`: a token bucket that gains one request per interval.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// The longest interval; a longer one is taken for a mistake.
const MAX_INTERVAL: Duration = Duration::from_hours(24);

/// `rate_limit`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimitConfig {
    /// The time per request; zero means no limit.
    #[serde(default)]
    interval: Interval,
    /// The number of requests that may arrive at once.
    #[serde(default)]
    burst: u32,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Interval(Duration);

impl TryFrom<String> for Interval {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given == "0" {
            return Ok(Self::default());
        }
        // Go's notation: `1s`, `1.5s`, `1m30s`.
        let length = given.parse::<jiff::SignedDuration>().ok().filter(|_| !given.contains(char::is_whitespace));
        length
            .and_then(|length| Duration::try_from(length).ok())
            .filter(|length| *length <= MAX_INTERVAL)
            .map(Self)
            .ok_or("expected a time of at most a day, such as 1s, 250ms or 1m30s")
    }
}

/// The token bucket.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    interval: Duration,
    burst: u32,
    /// When the bucket is full again.
    full_at: Mutex<Instant>,
}

impl RateLimiter {
    /// Creates a limiter; `None` if the configuration sets no limit.
    pub(super) fn new(config: RateLimitConfig) -> Option<Self> {
        let RateLimitConfig { interval: Interval(interval), burst } = config;
        (!interval.is_zero()).then(|| Self { interval, burst, full_at: Mutex::new(Instant::now()) })
    }

    /// Takes a request from the bucket; `false` if the bucket is empty.
    pub(crate) fn allow(&self) -> bool {
        self.allow_at(Instant::now())
    }

    fn allow_at(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + self.interval;
        let is_allowed = next.duration_since(now) <= self.interval.saturating_mul(self.burst);
        if is_allowed {
            *full_at = next;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_request_per_interval() {
        let second = Duration::from_secs(1);
        let limiter = RateLimiter::new(RateLimitConfig { interval: Interval(second), burst: 3 }).unwrap();
        let start = Instant::now();
        let allowed = |after: u32| limiter.allow_at(start + second * after);
        assert_eq!([allowed(0), allowed(0), allowed(0), allowed(0)], [true, true, true, false]);
        assert_eq!([allowed(1), allowed(1)], [true, false]);
        assert_eq!([allowed(9), allowed(9), allowed(9), allowed(9)], [true, true, true, false]);
    }

    #[test]
    fn intervals_are_written_as_in_go() {
        for (text, millis) in [
            ("0", Some(0)),
            ("1s", Some(1000)),
            ("250ms", Some(250)),
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1500)),
            ("", None),
            ("1", None),
            ("-1s", None),
            ("soon", None),
        ] {
            let read = Interval::try_from(text.to_owned()).ok().map(|interval| interval.0.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }
}
