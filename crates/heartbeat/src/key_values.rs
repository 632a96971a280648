//! Lines of `key=value`: the form of a heartbeat and of an agent's report.

use std::str::FromStr;

use crate::MalformedHeartbeat;

/// The text of a file. Lines that are not `key=value` are passed over.
pub(crate) struct KeyValues<'a>(pub(crate) &'a str);

impl<'a> KeyValues<'a> {
    pub(crate) fn find(&self, key: &'static str) -> Result<Option<&'a str>, MalformedHeartbeat> {
        let mut values = self.0.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let first = values.next();
        if values.next().is_some() { Err(MalformedHeartbeat::Repeated(key)) } else { Ok(first) }
    }

    pub(crate) fn with<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, MalformedHeartbeat> {
        let value = self.find(key)?.ok_or(MalformedHeartbeat::Missing(key))?;
        parse(value).ok_or_else(|| MalformedHeartbeat::Value { key, value: value.to_owned() })
    }

    pub(crate) fn value<T: FromStr>(&self, key: &'static str) -> Result<T, MalformedHeartbeat> {
        self.with(key, |value| value.parse().ok())
    }
}
