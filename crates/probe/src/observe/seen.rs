//! What came of looking at one source.

use std::sync::mpsc;
use std::thread;
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

/// A look that goes on in a thread of its own, and is given up at a deadline.
#[derive(Debug)]
pub(crate) struct Looking<T> {
    seen: mpsc::Receiver<Seen<T>>,
    begun: Instant,
    limit: Duration,
}

impl<T: Send + 'static> Looking<T> {
    /// Begins. A file system that hangs keeps the thread, never the caller.
    pub(crate) fn begin(limit: Duration, look: impl FnOnce() -> Result<T, String> + Send + 'static) -> Self {
        let (sender, seen) = mpsc::sync_channel(1);
        let started = thread::Builder::new().spawn(move || sender.send(Seen::by(look)).is_ok());
        // Without a thread the sender is gone, and the wait below ends at once.
        drop(started);
        Self { seen, begun: Instant::now(), limit }
    }

    /// Waits for the answer, at most until the deadline.
    pub(crate) fn finish(self) -> Seen<T> {
        let left = self.limit.saturating_sub(self.begun.elapsed());
        self.seen.recv_timeout(left).unwrap_or_else(|error| Seen {
            result: Err(match error {
                mpsc::RecvTimeoutError::Timeout => format!("no answer within {} s", self.limit.as_secs_f32()),
                mpsc::RecvTimeoutError::Disconnected => "no thread could be started for it".to_owned(),
            }),
            took: self.begun.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Looking;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_look_that_hangs_is_given_up() {
        let (release, held) = mpsc::channel::<()>();
        let seen = Looking::begin(Duration::from_millis(20), move || {
            let _ = held.recv();
            Ok(())
        })
        .finish();
        assert_eq!(seen.result.unwrap_err(), "no answer within 0.02 s");
        drop(release);
        assert_eq!(Looking::begin(Duration::from_mins(1), || Ok(7)).finish().result, Ok(7));
    }
}
