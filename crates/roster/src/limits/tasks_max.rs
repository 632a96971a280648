//! The most processes and threads an agent may have.

use std::fmt;
use std::str::FromStr;

use super::InvalidLimit;
use super::percentage::percentage;

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
                what: "a limit of tasks: expected a number from 1, a percentage such as 10%, or infinity",
            })
        }
    }
}

impl fmt::Display for TasksMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_count(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|count| count > 0)
}
