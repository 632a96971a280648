//! Where the metrics are.

use std::str::FromStr;

/// A path of the server that is nothing else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TelemetryPath(String);

/// What cannot be such a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidTelemetryPath {
    /// No path, or one of which a request could not have it.
    #[error("expected a path such as /metrics, without a space, '?', '#' or '%'")]
    NoPath,
    /// One of the others.
    #[error("something else is there: take another path, such as /metrics")]
    Taken,
}

impl TelemetryPath {
    /// What else is served.
    const TAKEN: [&str; 5] = ["/", "/events", "/favicon.svg", "/favicon.ico", "/api/v1/fleet"];
    /// Below which else is served.
    const TAKEN_BELOW: [&str; 2] = ["/-/", "/assets/"];

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TelemetryPath {
    type Err = InvalidTelemetryPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let stands_for_itself = |c: char| c.is_ascii_graphic() && !"?#%".contains(c);
        if !text.starts_with('/') || !text.chars().all(stands_for_itself) {
            return Err(InvalidTelemetryPath::NoPath);
        }
        if Self::TAKEN.contains(&text) || Self::TAKEN_BELOW.iter().any(|below| text.starts_with(below)) {
            return Err(InvalidTelemetryPath::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTelemetryPath as Invalid, TelemetryPath};

    #[test]
    fn it_is_a_path_of_its_own() {
        let table = [
            ("/metrics", None),
            ("/fleet/metrics", None),
            ("metrics", Some(Invalid::NoPath)),
            ("", Some(Invalid::NoPath)),
            ("/a b", Some(Invalid::NoPath)),
            ("/a?b", Some(Invalid::NoPath)),
            ("/", Some(Invalid::Taken)),
            ("/-/ready", Some(Invalid::Taken)),
            ("/assets/page.js", Some(Invalid::Taken)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<TelemetryPath>().err(), expected, "{text}");
        }
    }
}
