//! Times and sizes as short text.

use std::time::Duration;

use jiff::Timestamp;

/// A duration in at most two units: `3.1s`, `45s`, `3m12s`, `2h05m`, `4d03h`.
#[must_use]
pub fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        // From 9.95 s on, one decimal would round to 10.0.
        0..10 if time < Duration::from_millis(9950) => format!("{:.1}s", time.as_secs_f64()),
        0..60 => format!("{:.0}s", time.as_secs_f64().floor().max(10.0)),
        60..3600 => format!("{minutes}m{:02}s", seconds % 60),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// [`format_duration`] of a number of seconds; negative and non-finite numbers count as zero.
#[must_use]
pub fn format_seconds(seconds: f64) -> String {
    format_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// The time from `then` to `now`: zero if `then` is later.
#[must_use]
pub fn elapsed(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// A size in bytes with at most three digits, in powers of 1024: `812B`, `3.4K`, `120M`, `1.2G`.
#[must_use]
pub fn format_bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    if size < 1000 {
        return format!("{size}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut scaled = size as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(scaled < 9.95);
    format!("{scaled:.digits$}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::{elapsed, format_bytes, format_duration};
    use std::time::Duration;

    #[test]
    fn durations_have_at_most_two_units() {
        let table = [
            (0, "0.0s"),
            (3_120, "3.1s"),
            (9_949, "9.9s"),
            (9_950, "10s"),
            (59_999, "59s"),
            (60_000, "1m00s"),
            (192_000, "3m12s"),
            (3_599_000, "59m59s"),
            (7_500_000, "2h05m"),
            (357_000_000, "4d03h"),
        ];
        for (millis, expected) in table {
            assert_eq!(format_duration(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn sizes_have_at_most_three_digits() {
        let table = [
            (0, "0B"),
            (999, "999B"),
            (1000, "1.0K"),
            (3_500, "3.4K"),
            (1_023_900, "1.0M"),
            (125_829_120, "120M"),
            (1_288_490_188, "1.2G"),
            (u64::MAX, "16777216T"),
        ];
        for (size, expected) in table {
            assert_eq!(format_bytes(size), expected, "{size}");
        }
    }

    #[test]
    fn elapsed_time_is_never_negative() {
        let now = "2026-11-20T14:58:08Z".parse().unwrap();
        assert_eq!(elapsed("2026-11-20T14:57:56+00:00".parse().unwrap(), now), Duration::from_secs(12));
        assert_eq!(elapsed("2026-11-20T15:58:08Z".parse().unwrap(), now), Duration::ZERO);
    }
}
