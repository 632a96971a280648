//! A time as it is typed.

use std::str::FromStr;
use std::time::Duration;

use mosaic_domain::parse_decimal_seconds;

/// Decimal seconds: `5`, `0.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

/// A text that is no number of seconds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected seconds, such as 30 or 0.5")]
pub(crate) struct InvalidSeconds;

impl FromStr for Seconds {
    type Err = InvalidSeconds;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        // A day is more than anybody waits, and no deadline overflows by it.
        let longest = Duration::from_hours(24);
        parse_decimal_seconds(given).filter(|seconds| *seconds <= longest).map(Self).ok_or(InvalidSeconds)
    }
}
