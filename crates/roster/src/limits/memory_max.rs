//! The most memory an agent may use.

use std::fmt;
use std::str::FromStr;

use super::InvalidLimit;
use super::percentage::percentage;

/// A value of `MemoryMax=`: `2G`, bytes, `50%` or `infinity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemoryMax(String);

impl FromStr for MemoryMax {
    type Err = InvalidLimit;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given == "infinity"
            || is_bytes(given)
            || percentage(given).is_some_and(|hundredths| (1..=10_000).contains(&hundredths))
        {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidLimit {
                given: given.to_owned(),
                what: "a memory limit: expected bytes such as 2147483648, 512M or 2G, a percentage such as 50%, or infinity",
            })
        }
    }
}

impl fmt::Display for MemoryMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Digits, perhaps a fraction, perhaps one of systemd's units; not nothing.
fn is_bytes(text: &str) -> bool {
    let number = text.strip_suffix(['B', 'K', 'M', 'G', 'T', 'P', 'E']).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| (1..=19).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && number.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}
