//! Since when a program is the version that it is: pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownVersion {
    /// The version.
    pub(crate) version: String,
    /// Who started before runs another one.
    #[serde(with = "super::moment")]
    pub(crate) since: Timestamp,
    /// When it was seen last.
    #[serde(with = "super::moment")]
    pub(crate) seen: Timestamp,
    /// The version before it, if that is known.
    pub(crate) before: Option<String>,
}

impl KnownVersion {
    /// From what was known, and what is seen now of the program. `changed` is the last change of its files.
    pub(crate) fn now(known: Option<&Self>, version: &str, changed: Timestamp, now: Timestamp) -> Self {
        let version = version.to_owned();
        let (since, before) = match known {
            // Put there once more it is no other program.
            Some(known) if known.version == version => (known.since, known.before.clone()),
            // Files may come from elsewhere with times of their own.
            Some(known) => (changed.max(known.seen), Some(known.version.clone())),
            None => (changed, None),
        };
        Self { version, since: since.min(now), seen: now, before }
    }
}

#[cfg(test)]
mod tests {
    use super::KnownVersion;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_files_say_since_when_unless_more_is_known() {
        let known = |version: &str, since, seen, before: Option<&str>| KnownVersion {
            version: version.to_owned(),
            since: at(since),
            seen: at(seen),
            before: before.map(str::to_owned),
        };
        let now = |was: Option<&KnownVersion>, version, changed| KnownVersion::now(was, version, at(changed), at(100));
        let was = known("1.0", 10, 50, Some("0.9"));
        assert_eq!(now(None, "1.0", 10), known("1.0", 10, 100, None));
        assert_eq!(now(Some(&was), "1.0", 70), known("1.0", 10, 100, Some("0.9")), "installed once more");
        assert_eq!(now(Some(&was), "1.1", 70), known("1.1", 70, 100, Some("1.0")));
        assert_eq!(now(Some(&was), "1.1", 20), known("1.1", 50, 100, Some("1.0")), "a directory took another's place");
        assert_eq!(now(Some(&was), "1.1", 200), known("1.1", 100, 100, Some("1.0")), "a clock that was set");
    }
}
