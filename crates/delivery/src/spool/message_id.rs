//! Message ids.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// The id of a message: the time of its creation in microseconds since 1970, as 14 hexadecimal digits, a hyphen, and 16
/// random bits. Ids sort by age.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct MessageId(String);

/// A text that is not a message id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a message id: 'mosaic agent outbox' lists the ids", .0.escape_debug())]
pub struct InvalidMessageId(String);

impl MessageId {
    /// Makes the id of a message with this time of creation and these random bits.
    #[must_use]
    pub fn new(now: Timestamp, random: u16) -> Self {
        Self(format!("{:014x}-{random:04x}", now.as_microsecond().max(0)))
    }

    /// Generates the id of a message that is created now.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(Timestamp::now(), rand::random())
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last four digits, which name the message unless another one has the same.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit_once('-').map_or(&self.0, |(_, random)| random)
    }

    /// Returns whether a person means this id by `typed`: the whole id, or its last four digits.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
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
    fn ids_sort_by_age_and_can_be_parsed() {
        let id = |second, random| MessageId::new(Timestamp::from_second(second).unwrap(), random);
        assert!(id(1, 9) < id(2, 3) && id(2, 3) < id(1_800_000_000, 0));
        let one = id(1_795_834_800, 0xa1);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        assert!(one.matches("00a1") && one.matches(one.as_str()) && !one.matches("a1"));
        for wrong in ["", "../x", "00061-00a1", &one.as_str().to_uppercase()] {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong}");
        }
    }
}
