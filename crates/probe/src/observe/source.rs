//! Reading one source repeatedly, each time in a thread of its own with a deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use mosaic_domain::decimal_seconds;
use mosaic_process::spawn_thread;

use super::Observed;

/// A source with its cache between observations.
#[derive(Debug, Default)]
pub(crate) struct Source<M>(Arc<Shared<M>>);

/// A second handle of the same source.
impl<M> Clone for Source<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug, Default)]
struct Shared<M> {
    cache: Mutex<M>,
    /// A read is in progress, whether it was abandoned or not.
    busy: AtomicBool,
}

impl<M: Send + 'static> Source<M> {
    /// Begins to read. A file system that hangs blocks the thread, never the caller; until that read returns, no other
    /// one begins.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        limit: Duration,
        read: impl FnOnce(&mut M) -> Result<T, String> + Send + 'static,
    ) -> PendingRead<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let pending = PendingRead { receiver, begun: Instant::now(), limit };
        if self.0.busy.swap(true, Ordering::Acquire) {
            let busy = Err("the previous read has not finished".to_owned());
            return PendingRead::finished(Observed { result: busy, took: Duration::ZERO });
        }
        let shared = Arc::clone(&self.0);
        let started = spawn_thread(move || {
            let observed = {
                let guard = BusyGuard(&shared.busy);
                let mut cache = shared.cache.lock().unwrap_or_else(PoisonError::into_inner);
                let observed = Observed::measure(|| read(&mut cache));
                drop((cache, guard));
                observed
            };
            // Release the shared state before the result is sent: the receiver may drop the source at once.
            drop(shared);
            sender.send(observed).is_ok()
        });
        if let Err(error) = started {
            // The closure, which would have cleared the flag, was dropped.
            self.0.busy.store(false, Ordering::Release);
            let result = Err(error.to_string());
            return PendingRead::finished(Observed { result, took: Duration::ZERO });
        }
        pending
    }
}

/// Clears the busy flag when a read ends in any way.
struct BusyGuard<'a>(&'a AtomicBool);

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A read in progress, which is abandoned at a deadline.
#[derive(Debug)]
pub(crate) struct PendingRead<T> {
    receiver: mpsc::Receiver<Observed<T>>,
    begun: Instant,
    limit: Duration,
}

impl<T> PendingRead<T> {
    /// A read that has finished already.
    pub(crate) fn finished(observed: Observed<T>) -> Self {
        let (sender, receiver) = mpsc::sync_channel(1);
        // The channel has room for one value.
        let _ = sender.send(observed);
        Self { receiver, begun: Instant::now(), limit: Duration::ZERO }
    }

    /// Waits for the result, at most until the deadline.
    pub(crate) fn finish(self) -> Observed<T> {
        let left = self.limit.saturating_sub(self.begun.elapsed());
        self.receiver.recv_timeout(left).unwrap_or_else(|error| Observed {
            result: Err(match error {
                mpsc::RecvTimeoutError::Timeout => format!("no answer within {} s", decimal_seconds(self.limit)),
                mpsc::RecvTimeoutError::Disconnected => "the thread that read the source has ended".to_owned(),
            }),
            took: self.begun.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use std::sync::mpsc;
    use std::time::Duration;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_hung_read_is_abandoned_and_no_other_begins_until_it_ends() {
        let source = Source::<u32>::default();
        let (release, held) = mpsc::channel::<()>();
        let (reads, begun) = mpsc::channel();
        let again = |limit| {
            let reads = reads.clone();
            source.begin(limit, move |_| Ok(reads.send(()).is_ok())).finish().result
        };
        let hung = source.begin(Duration::from_millis(20), move |cache| {
            let _ = held.recv();
            *cache = 7;
            Ok(())
        });
        assert_eq!(hung.finish().result.unwrap_err(), "no answer within 0.02 s");
        for _ in 0..3 {
            assert_eq!(again(LONG).unwrap_err(), "the previous read has not finished");
        }
        assert!(begun.try_recv().is_err());
        drop(release);
        // The cache that the abandoned read filled is kept.
        let cached = loop {
            match source.begin(LONG, |cache| Ok(*cache)).finish().result {
                Ok(cached) => break cached,
                Err(_) => std::thread::yield_now(),
            }
        };
        assert_eq!(cached, 7);
    }
}
