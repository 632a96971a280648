//! How long something is good for, as it is typed.

use std::str::FromStr;
use std::time::Duration;

/// A number and its unit: `90s`, `30m`, `12h`, `2d`; a number alone is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(pub(crate) Duration);

/// A text that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of 1 second to 90 days, such as 30m, 12h or 2d")]
pub(crate) struct InvalidLifetime;

impl Default for Lifetime {
    /// A day.
    fn default() -> Self {
        Self(Duration::from_hours(24))
    }
}

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = given.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &given[digits.len()..] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(InvalidLifetime),
        };
        let number: u64 = digits.parse().map_err(|_| InvalidLifetime)?;
        let time = Duration::from_secs(number.saturating_mul(unit));
        let allowed = Duration::from_secs(1)..=Duration::from_hours(90 * 24);
        if allowed.contains(&time) { Ok(Self(time)) } else { Err(InvalidLifetime) }
    }
}

#[cfg(test)]
mod tests {
    use super::Lifetime;

    #[test]
    fn times_are_read_with_their_units() {
        let seconds = |text: &str| text.parse::<Lifetime>().ok().map(|time| time.0.as_secs());
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
