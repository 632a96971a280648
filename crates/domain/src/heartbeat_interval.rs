//! How often a sidecar writes its heartbeat, and the notation of that interval.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The time between two heartbeats, from one millisecond to one day.
///
/// The text form is decimal seconds (`15`, `0.5`). The bash launcher passed its setting to `sleep`, so the suffixes `s`,
/// `m`, `h` and `d` of that program are accepted too.
/// Readers call a heartbeat late after three intervals, so an interval of more than a day would not be
/// useful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeartbeatInterval(Duration);

impl HeartbeatInterval {
    /// 15 seconds.
    pub const DEFAULT: Self = Self(Duration::from_secs(15));
    const MIN: Duration = Duration::from_millis(1);
    const MAX: Duration = Duration::from_hours(24);

    /// The interval as a duration, in whole milliseconds.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Default for HeartbeatInterval {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The error of parsing a text that is not a valid [`HeartbeatInterval`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not an interval: expected seconds from 0.001 to 86400, such as 15 or 0.5", .given.escape_debug())]
pub struct InvalidHeartbeatInterval {
    given: String,
}

impl FromStr for HeartbeatInterval {
    type Err = InvalidHeartbeatInterval;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidHeartbeatInterval { given: given.to_owned() };
        let suffixes = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];
        let suffix = suffixes.into_iter().find_map(|(suffix, factor)| Some((given.strip_suffix(suffix)?, factor)));
        let (number, factor) = suffix.unwrap_or((given, 1));
        let duration =
            parse_decimal_seconds(number).and_then(|number| number.checked_mul(factor)).ok_or_else(invalid)?;
        // Whole milliseconds, so that the written form parses to the same value.
        let duration = Duration::from_millis(u64::try_from(duration.as_millis()).map_err(|_| invalid())?);
        if (Self::MIN..=Self::MAX).contains(&duration) { Ok(Self(duration)) } else { Err(invalid()) }
    }
}

impl fmt::Display for HeartbeatInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if millis == 0 {
            return write!(f, "{seconds}");
        }
        let fraction = format!("{millis:03}");
        write!(f, "{seconds}.{}", fraction.trim_end_matches('0'))
    }
}

/// Parses decimal seconds: digits, optionally followed by a point and up to nine more digits. It accepts
/// nothing else that a floating-point parser would (`1e3`, `inf`, `+1`, `.5`).
#[must_use]
pub fn parse_decimal_seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(whole.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}

/// A duration in decimal seconds for messages: to a tenth of a second, and below one second to a millisecond.
#[must_use]
pub fn decimal_seconds(duration: Duration) -> String {
    let text = if duration < Duration::from_secs(1) {
        format!("{:.3}", duration.as_secs_f64())
    } else {
        format!("{:.1}", duration.as_secs_f64())
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{HeartbeatInterval, decimal_seconds};
    use proptest::prelude::*;

    #[test]
    fn decimal_seconds_are_accepted_and_other_texts_rejected() {
        for (text, millis) in [
            ("15", 15_000),
            ("0.5", 500),
            ("0.001", 1),
            ("86400", 86_400_000),
            ("015", 15_000),
            ("30s", 30_000),
            ("0.5m", 30_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(text.parse::<HeartbeatInterval>().unwrap().duration().as_millis(), millis, "{text}");
        }
        for text in [
            "", "abc", "0", "0.0001", "-1", "86401", "1e3", "inf", "NaN", "15ms", "15 s", "s", "2d", " 15", "1.2.3",
            ".", "+1",
        ] {
            assert!(text.parse::<HeartbeatInterval>().is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_in_messages_have_few_digits() {
        let table =
            [(1_999_986_900, "2"), (15_000_000_000, "15"), (1_250_000_000, "1.2"), (350_400_000, "0.35"), (0, "0")];
        for (nanos, expected) in table {
            assert_eq!(decimal_seconds(std::time::Duration::from_nanos(nanos)), expected, "{nanos}");
        }
    }

    proptest! {
        #[test]
        fn intervals_round_trip_through_their_text(millis in 1_u64..=86_400_000) {
            let interval = HeartbeatInterval(std::time::Duration::from_millis(millis));
            prop_assert_eq!(interval.to_string().parse(), Ok(interval));
        }
    }
}
