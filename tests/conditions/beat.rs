//! Heartbeats that are written by hand.

use jiff::{SignedDuration, Timestamp};

/// A heartbeat as a test wants it.
#[derive(Clone)]
pub(crate) struct Beat(pub(crate) String);

impl Beat {
    pub(crate) fn value(&self, key: &str) -> &str {
        self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
    }

    pub(crate) fn with(&self, key: &str, value: impl std::fmt::Display) -> Self {
        let (old, new) = (format!("\n{key}={}\n", self.value(key)), format!("\n{key}={value}\n"));
        let text = format!("\n{}", self.0);
        assert!(text.contains(&old), "{text}");
        Self(text.replace(&old, &new)[1..].to_owned())
    }

    /// By the only clock that counts within one boot; the other says that it is new.
    pub(crate) fn aged(&self, seconds: f64) -> Self {
        let written: f64 = self.value("mono").parse().unwrap();
        self.with("mono", format!("{:.3}", written - seconds))
    }

    /// As the bash launcher wrote it, that long ago.
    pub(crate) fn version_1(&self, seconds: i64) -> Self {
        let ts = (Timestamp::now() - SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S+0000");
        Self(format!("ts={ts}\npid={}\nstatus=ok\n", self.value("pid")))
    }
}
