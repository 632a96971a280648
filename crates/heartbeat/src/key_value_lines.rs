//! Lines of `key=value`, the form of heartbeats and activity reports.

use std::str::FromStr;

/// The error of parsing a text that is not a heartbeat or an activity report. It names the line at fault. What
/// the text would have said about the agent is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHeartbeat {
    /// The last line has no line feed, so the file was not written completely.
    #[error("it is cut short: the last line does not end")]
    CutShort,
    /// A required line is missing.
    #[error("it has no line '{0}='")]
    Missing(&'static str),
    /// Two lines have the same key.
    #[error("it has more than one line '{0}='")]
    Repeated(&'static str),
    /// A line has a value of the wrong form.
    #[error("its line '{key}=' has the invalid value '{}'", .value.escape_debug())]
    Value {
        /// The key of the line.
        key: &'static str,
        /// The value of the line.
        value: String,
    },
}

/// The lines of a file. Lines that are not `key=value` are ignored.
pub(crate) struct KeyValueLines<'a>(&'a str);

impl<'a> KeyValueLines<'a> {
    /// Wraps the text of a file, which must end with a line feed.
    pub(crate) fn new(text: &'a str) -> Result<Self, MalformedHeartbeat> {
        if text.ends_with('\n') { Ok(Self(text)) } else { Err(MalformedHeartbeat::CutShort) }
    }

    /// The value of an optional line.
    pub(crate) fn find(&self, key: &'static str) -> Result<Option<&'a str>, MalformedHeartbeat> {
        let mut values = self.0.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let first = values.next();
        if values.next().is_some() { Err(MalformedHeartbeat::Repeated(key)) } else { Ok(first) }
    }

    /// The value of a required line, parsed by `parse`.
    pub(crate) fn parse_with<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, MalformedHeartbeat> {
        let value = self.find(key)?.ok_or(MalformedHeartbeat::Missing(key))?;
        parse(value).ok_or_else(|| MalformedHeartbeat::Value { key, value: value.to_owned() })
    }

    /// The value of a required line, parsed by [`FromStr`].
    pub(crate) fn parse<T: FromStr>(&self, key: &'static str) -> Result<T, MalformedHeartbeat> {
        self.parse_with(key, |value| value.parse().ok())
    }
}
