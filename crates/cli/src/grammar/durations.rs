//! Durations on the command line.

use std::str::FromStr;
use std::time::Duration;

use mosaic_domain::parse_decimal_seconds;

/// A duration in decimal seconds, such as `5` or `0.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

/// A duration with a unit, such as `90s`, `30m`, `12h` or `2d`; without a unit, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HumanDuration(pub(crate) Duration);

/// The text is no [`Seconds`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected seconds, such as 30 or 0.5")]
pub(crate) struct InvalidSeconds;

/// The text is no [`HumanDuration`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration of 1 second to 90 days, such as 30m, 12h or 2d")]
pub(crate) struct InvalidDuration;

impl FromStr for Seconds {
    type Err = InvalidSeconds;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        // The limit keeps deadlines from overflowing.
        let longest = Duration::from_hours(24);
        parse_decimal_seconds(given).filter(|seconds| *seconds <= longest).map(Self).ok_or(InvalidSeconds)
    }
}

impl Default for HumanDuration {
    /// One day.
    fn default() -> Self {
        Self(Duration::from_hours(24))
    }
}

impl FromStr for HumanDuration {
    type Err = InvalidDuration;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = given.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &given[digits.len()..] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(InvalidDuration),
        };
        let number: u64 = digits.parse().map_err(|_| InvalidDuration)?;
        let duration = Duration::from_secs(number.saturating_mul(unit));
        let allowed = Duration::from_secs(1)..=Duration::from_hours(90 * 24);
        if allowed.contains(&duration) { Ok(Self(duration)) } else { Err(InvalidDuration) }
    }
}

#[cfg(test)]
mod tests {
    use super::HumanDuration;

    #[test]
    fn durations_are_parsed_with_their_units() {
        let seconds = |text: &str| text.parse::<HumanDuration>().ok().map(|duration| duration.0.as_secs());
        let table =
            [("90", Some(90)), ("90s", Some(90)), ("30m", Some(1800)), ("12h", Some(43_200)), ("2d", Some(172_800))];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for wrong in ["", "0", "h", "1w", "-1", "1.5h", "91d", "99999999999999999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
