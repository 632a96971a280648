//! What came of looking at one source.

use std::time::{Duration, Instant};

use crate::snapshot::SourceReport;

/// A source's answer, or why there is none, and how long that took.
#[derive(Clone, Debug)]
pub struct Seen<T> {
    /// The answer, or why there is none.
    pub result: Result<T, String>,
    /// How long it took.
    pub took: Duration,
}

impl<T> Seen<T> {
    /// Looks by `look`, and takes the time.
    pub(crate) fn by(look: impl FnOnce() -> Result<T, String>) -> Self {
        let begun = Instant::now();
        let result = look();
        Self { result, took: begun.elapsed() }
    }

    /// Nobody looked, because nobody wants to know.
    pub(crate) fn switched_off() -> Self {
        Self { result: Err("switched off".to_owned()), took: Duration::ZERO }
    }

    /// The answer, if there is one.
    pub(crate) fn ok(&self) -> Option<&T> {
        self.result.as_ref().ok()
    }

    /// As the snapshot tells it.
    pub(crate) fn report(&self) -> SourceReport {
        // Microseconds are all that anybody reads.
        let duration_ms = f64::from(u32::try_from(self.took.as_micros()).unwrap_or(u32::MAX)) / 1000.0;
        SourceReport { ok: self.result.is_ok(), duration_ms, error: self.result.as_ref().err().cloned() }
    }
}
