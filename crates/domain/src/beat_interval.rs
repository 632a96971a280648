//! How often a sidecar writes its heartbeat.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::decimal_seconds;

/// The time between two beats, from a millisecond to a day.
///
/// Written as decimal seconds (`15`, `0.5`), as the bash launcher's `sleep` took them. A reader
/// calls a heartbeat late after three intervals, so a longer one than a day would say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BeatInterval(Duration);

impl BeatInterval {
    /// 15 seconds.
    pub const DEFAULT: Self = Self(Duration::from_secs(15));
    const MIN: Duration = Duration::from_millis(1);
    const MAX: Duration = Duration::from_hours(24);

    /// The time between two beats.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Default for BeatInterval {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A text that is not a beat interval.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not an interval: expected seconds from 0.001 to 86400, such as 15 or 0.5", .given.escape_debug())]
pub struct InvalidBeatInterval {
    given: String,
}

impl FromStr for BeatInterval {
    type Err = InvalidBeatInterval;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidBeatInterval { given: given.to_owned() };
        let duration = decimal_seconds(given).ok_or_else(invalid)?;
        // Whole milliseconds: what is written and read back is then the same value.
        let duration = Duration::from_millis(u64::try_from(duration.as_millis()).map_err(|_| invalid())?);
        if (Self::MIN..=Self::MAX).contains(&duration) { Ok(Self(duration)) } else { Err(invalid()) }
    }
}

impl fmt::Display for BeatInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if millis == 0 {
            return write!(f, "{seconds}");
        }
        let fraction = format!("{millis:03}");
        write!(f, "{seconds}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::BeatInterval;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_taken_and_nonsense_is_refused() {
        for (text, millis) in [("15", 15_000), ("0.5", 500), ("0.001", 1), ("86400", 86_400_000), ("015", 15_000)] {
            assert_eq!(text.parse::<BeatInterval>().unwrap().duration().as_millis(), millis, "{text}");
        }
        for text in ["", "abc", "0", "0.0001", "-1", "86401", "1e3", "inf", "NaN", "15s", " 15", "1.2.3", ".", "+1"] {
            assert!(text.parse::<BeatInterval>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 1_u64..=86_400_000) {
            let interval = BeatInterval(std::time::Duration::from_millis(millis));
            prop_assert_eq!(interval.to_string().parse(), Ok(interval));
        }
    }
}
