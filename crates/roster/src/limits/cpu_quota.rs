//! The most processor time an agent may use.

use std::fmt;
use std::str::FromStr;

use super::InvalidLimit;
use super::percentage::percentage;

/// A value of `CPUQuota=`: `150%` is one and a half processors.
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
                what: "a processor quota: expected a percentage such as 50% or 150% (100% is one whole processor)",
            })
        }
    }
}

impl fmt::Display for CpuQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
