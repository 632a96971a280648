//! Resource limits of an agent, validated as systemd would parse them.

use std::fmt;
use std::str::FromStr;

/// Resource limits of an agent and all of its child processes. They are rendered as a drop-in of its unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "limits")]
pub struct Limits {
    /// Maximum memory: bytes, a number with K, M, G or T, a percentage of the host's memory, or "infinity".
    #[serde(default, deserialize_with = "crate::deserialize_with::number_or_text")]
    #[schemars(schema_with = "crate::json_schema::memory_max")]
    pub memory_max: Option<MemoryMax>,
    /// Maximum CPU time as a percentage: 100% is one whole CPU, 150% is one and a half.
    #[serde(default, deserialize_with = "crate::deserialize_with::cpu_quota")]
    #[schemars(schema_with = "crate::json_schema::cpu_quota")]
    pub cpu_quota: Option<CpuQuota>,
    /// Maximum number of processes and threads: a number, a percentage of the host's maximum, or "infinity".
    #[serde(default, deserialize_with = "crate::deserialize_with::number_or_text")]
    #[schemars(schema_with = "crate::json_schema::tasks_max")]
    pub tasks_max: Option<TasksMax>,
}

impl Limits {
    /// Whether no limit is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A text that systemd would not accept as the limit in question.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not {expected}", .given.escape_debug())]
pub struct InvalidLimit {
    given: String,
    expected: &'static str,
}

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
                expected: "a memory limit: expected bytes such as 2147483648, 512M or 2G, a percentage such as 50%, or infinity",
            })
        }
    }
}

impl fmt::Display for MemoryMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl MemoryMax {
    /// The limit in bytes; `None` for a percentage of the host's memory, and for `infinity`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<u64> {
        let number = self.0.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let exponent = match &self.0[number.len()..] {
            "" | "B" => 0,
            "K" => 1,
            "M" => 2,
            "G" => 3,
            "T" => 4,
            "P" => 5,
            "E" => 6,
            _ => return None,
        };
        let unit = 1024_u128.pow(exponent);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let parsed = |digits: &str| digits.parse::<u128>().ok();
        let fraction = parsed(fraction)?.checked_mul(unit)? / 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        u64::try_from(parsed(whole)?.checked_mul(unit)?.checked_add(fraction)?).ok()
    }
}

/// A value of `CPUQuota=`: `150%` is one and a half CPUs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CpuQuota(String);

impl FromStr for CpuQuota {
    type Err = InvalidLimit;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if percentage(given).is_some_and(|hundredths| hundredths > 0) {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidLimit {
                given: given.to_owned(),
                expected: "a CPU quota: expected a percentage such as 50% or 150% (100% is one whole CPU)",
            })
        }
    }
}

impl fmt::Display for CpuQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl CpuQuota {
    /// The quota as a number of CPUs: 1.5 for `150%`.
    #[must_use]
    pub fn as_cpus(&self) -> Option<f64> {
        let hundredths = u32::try_from(percentage(&self.0)?).ok()?;
        Some(f64::from(hundredths) / 10_000.0)
    }
}

/// A value of `TasksMax=`: a number, `10%` or `infinity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TasksMax(String);

impl FromStr for TasksMax {
    type Err = InvalidLimit;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given == "infinity"
            || is_count(given)
            || percentage(given).is_some_and(|hundredths| (1..=10_000).contains(&hundredths))
        {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidLimit {
                given: given.to_owned(),
                expected: "a task limit: expected a number from 1, a percentage such as 10%, or infinity",
            })
        }
    }
}

impl fmt::Display for TasksMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TasksMax {
    /// The limit as a number; `None` for a percentage of the host's maximum, and for `infinity`.
    #[must_use]
    pub fn as_count(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

/// Whether the text is a positive number, optionally with a fraction and one of systemd's size suffixes.
fn is_bytes(text: &str) -> bool {
    let number = text.strip_suffix(['B', 'K', 'M', 'G', 'T', 'P', 'E']).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| (1..=19).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && number.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

fn is_count(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|count| count > 0)
}

/// Parses `50%`, `12.5%` or `0.25%` into hundredths of a percent. As in systemd, at most two decimals are allowed.
fn percentage(text: &str) -> Option<u64> {
    let number = text.strip_suffix('%')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 6 || fraction.len() > 2 {
        return None;
    }
    Some(whole.parse::<u64>().ok()? * 100 + format!("{fraction:0<2}").parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{CpuQuota, MemoryMax, TasksMax};

    #[test]
    fn a_limit_is_a_number_unless_it_depends_on_the_host() {
        for (text, expected) in [
            ("2147483648", Some(1 << 31)),
            ("512M", Some(512 << 20)),
            ("1.5G", Some(3 << 29)),
            ("0.25K", Some(256)),
            ("7B", Some(7)),
            ("9999999999999999999E", None),
            ("50%", None),
            ("infinity", None),
        ] {
            assert_eq!(text.parse::<MemoryMax>().unwrap().as_bytes(), expected, "{text}");
        }
        for (text, expected) in [("150%", 1.5), ("0.25%", 0.0025), ("100%", 1.0)] {
            assert_eq!(text.parse::<CpuQuota>().unwrap().as_cpus(), Some(expected), "{text}");
        }
        for (text, expected) in [("512", Some(512)), ("10%", None), ("infinity", None)] {
            assert_eq!(text.parse::<TasksMax>().unwrap().as_count(), expected, "{text}");
        }
    }
}
