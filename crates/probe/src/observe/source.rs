//! One source, looked at again and again: in a thread of its own, up to a deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::Seen;

/// A source and what is remembered of it between looks.
#[derive(Debug, Default)]
pub(crate) struct Source<M>(Arc<Shared<M>>);

/// The same source.
impl<M> Clone for Source<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug, Default)]
struct Shared<M> {
    memory: Mutex<M>,
    /// A look goes on, given up or not.
    busy: AtomicBool,
}

impl<M: Send + 'static> Source<M> {
    /// Begins to look. A file system that hangs keeps the thread, never the caller; until it returns there
    /// is no other.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        limit: Duration,
        look: impl FnOnce(&mut M) -> Result<T, String> + Send + 'static,
    ) -> Looking<T> {
        let (sender, seen) = mpsc::sync_channel(1);
        let looking = Looking { seen, begun: Instant::now(), limit };
        if self.0.busy.swap(true, Ordering::Acquire) {
            let waiting = Err("still waiting for the look before".to_owned());
            return Looking::over(Seen { result: waiting, took: Duration::ZERO });
        }
        let shared = Arc::clone(&self.0);
        let started = thread::Builder::new().spawn(move || {
            let seen = {
                let ended = Ended(&shared.busy);
                let mut memory = shared.memory.lock().unwrap_or_else(PoisonError::into_inner);
                let seen = Seen::by(|| look(&mut memory));
                drop((memory, ended));
                seen
            };
            // The memory goes first: whoever has given up the source may just drop it.
            drop(shared);
            sender.send(seen).is_ok()
        });
        if started.is_err() {
            // The sender is gone with the thread's work, and the wait below ends at once.
            self.0.busy.store(false, Ordering::Release);
        }
        looking
    }
}

/// Says, in whichever way a look ends, that it has.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A look that goes on, and is given up at a deadline.
#[derive(Debug)]
pub(crate) struct Looking<T> {
    seen: mpsc::Receiver<Seen<T>>,
    begun: Instant,
    limit: Duration,
}

impl<T> Looking<T> {
    /// One that has ended already.
    pub(crate) fn over(seen: Seen<T>) -> Self {
        let (sender, receiver) = mpsc::sync_channel(1);
        // There is room for one.
        let _ = sender.send(seen);
        Self { seen: receiver, begun: Instant::now(), limit: Duration::ZERO }
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
    use super::Source;
    use std::sync::mpsc;
    use std::time::Duration;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_look_that_hangs_is_given_up_and_no_other_begins_until_it_ends() {
        let source = Source::<u32>::default();
        let (release, held) = mpsc::channel::<()>();
        let (looks, looked) = mpsc::channel();
        let again = |limit| {
            let looks = looks.clone();
            source.begin(limit, move |_| Ok(looks.send(()).is_ok())).finish().result
        };
        let hung = source.begin(Duration::from_millis(20), move |memory| {
            let _ = held.recv();
            *memory = 7;
            Ok(())
        });
        assert_eq!(hung.finish().result.unwrap_err(), "no answer within 0.02 s");
        for _ in 0..3 {
            assert_eq!(again(LONG).unwrap_err(), "still waiting for the look before");
        }
        assert!(looked.try_recv().is_err());
        drop(release);
        // What the look that was given up has learned is not lost.
        let remembered = loop {
            match source.begin(LONG, |memory| Ok(*memory)).finish().result {
                Ok(remembered) => break remembered,
                Err(_) => std::thread::yield_now(),
            }
        };
        assert_eq!(remembered, 7);
    }
}
