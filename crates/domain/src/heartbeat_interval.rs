//! How often a sidecar writes its heartbeat, and the notation of that interval.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The time between two heartbeats, from one millisecond to one day.
///
/// The text form is decimal seconds (`15`, `0.5`), the form that the bash launcher passed to `sleep`.
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
        let duration = parse_decimal_seconds(given).ok_or_else(invalid)?;
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

#[cfg(test)]
mod tests {
    use super::HeartbeatInterval;
    use proptest::prelude::*;

    #[test]
    fn decimal_seconds_are_accepted_and_other_texts_rejected() {
        for (text, millis) in [("15", 15_000), ("0.5", 500), ("0.001", 1), ("86400", 86_400_000), ("015", 15_000)] {
            assert_eq!(text.parse::<HeartbeatInterval>().unwrap().duration().as_millis(), millis, "{text}");
        }
        for text in ["", "abc", "0", "0.0001", "-1", "86401", "1e3", "inf", "NaN", "15s", " 15", "1.2.3", ".", "+1"] {
            assert!(text.parse::<HeartbeatInterval>().is_err(), "{text}");
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
