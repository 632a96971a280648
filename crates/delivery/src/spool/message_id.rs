//! The id of a message.

use std::fmt;
use std::io;
use std::str::FromStr;

use jiff::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};

/// When a message was made, in microseconds since 1970 as 14 hexadecimal digits, and 16 random bits:
/// ids sort by age, and nobody else has the same.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct MessageId(String);

/// A text that is no id of a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no id of a message: 'mosaic agent outbox' lists them", .0.escape_debug())]
pub struct InvalidMessageId(String);

impl MessageId {
    /// Of a message that is made now, with these random bits.
    #[must_use]
    pub fn new(now: Timestamp, random: u16) -> Self {
        Self(format!("{:014x}-{random:04x}", now.as_microsecond().max(0)))
    }

    /// That of a message that is made now.
    ///
    /// # Errors
    /// The kernel gives no random number.
    pub fn draw() -> io::Result<Self> {
        let mut random = [0; 2];
        getrandom(&mut random, GetRandomFlags::empty())?;
        Ok(Self::new(Timestamp::now(), u16::from_ne_bytes(random)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last four digits, which are enough to name it unless another message has the same.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit_once('-').map_or(&self.0, |(_, random)| random)
    }

    /// Is this what a person types for it: all of it, or its last four digits?
    #[must_use]
    pub fn is_meant_by(&self, typed: &str) -> bool {
        self.0 == typed || self.short() == typed
    }
}

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str, length| {
            text.len() == length && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
        };
        match given.split_once('-') {
            Some((time, random)) if digits(time, 14) && digits(random, 4) => Ok(Self(given.to_owned())),
            _ => Err(InvalidMessageId(given.to_owned())),
        }
    }
}

impl TryFrom<String> for MessageId {
    type Error = InvalidMessageId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::MessageId;
    use jiff::Timestamp;

    #[test]
    fn ids_sort_by_age_and_are_read_back() {
        let id = |second, random| MessageId::new(Timestamp::from_second(second).unwrap(), random);
        assert!(id(1, 9) < id(2, 3) && id(2, 3) < id(1_800_000_000, 0));
        let one = id(1_795_834_800, 0xa1);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        assert!(one.is_meant_by("00a1") && one.is_meant_by(one.as_str()) && !one.is_meant_by("a1"));
        for wrong in ["", "../x", "00061-00a1", &one.as_str().to_uppercase()] {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong}");
        }
    }
}
