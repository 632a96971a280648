//! The newest look, for everybody who asks.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mosaic_page::History;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep_until, timeout_at};

use super::looker::{self, Published, Wish};
use super::rhythm::Rhythm;
use super::{Observed, Subject};

/// A look was wished for, and none ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfTime;

/// Looks when it is asked, once for all who ask at the same time.
#[derive(Debug)]
pub(crate) struct Observations {
    wishes: SyncSender<Wish>,
    published: watch::Receiver<Published>,
    history: Arc<Mutex<History>>,
    expected: Mutex<Expected>,
}

/// Who is expected, and the look that will be made for them.
#[derive(Debug, Default)]
struct Expected {
    rhythm: Rhythm,
    look: Option<AbortHandle>,
}

impl Observations {
    /// How old a look may be that is told once more.
    const FRESH: Duration = Duration::from_secs(1);
    /// However little time somebody has, each source gets this: what comes of a look is for everybody, and who
    /// has not even that much goes without.
    const LEAST: Duration = Duration::from_millis(500);
    /// How long before somebody comes a look for them begins.
    const LEAD: Duration = Duration::from_millis(500);
    /// How many may wish for a look before the first of them is served; the others get what these do.
    const WISHES: usize = 4;

    /// Nobody has looked yet.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(crate) fn of(subject: Subject) -> io::Result<Self> {
        let (wishes, inbox) = sync_channel(Self::WISHES);
        let (sender, published) = watch::channel(None);
        let history = Arc::new(Mutex::new(History::default()));
        looker::start(subject, inbox, sender, Arc::clone(&history))?;
        Ok(Self { wishes, published, history, expected: Mutex::default() })
    }

    /// The fleet, as it was at most a second ago.
    ///
    /// # Errors
    /// That takes longer than `patience`.
    pub(crate) async fn latest(&self, patience: Duration) -> Result<Arc<Observed>, OutOfTime> {
        let now = Instant::now();
        let mut published = self.published.clone();
        if let Some(observed) = published.borrow_and_update().as_ref()
            && mosaic_process::since_boot().saturating_sub(observed.begun) < Self::FRESH
        {
            return Ok(Arc::clone(observed));
        }
        // Who finds no room waits for what the others get.
        // Since now, and not since we began: a look that ended in between was too old, and does not count.
        let _ = self.wishes.try_send(Wish { since: Instant::now(), limit: Self::limit(patience) });
        let deadline = now + patience;
        match timeout_at(deadline.into(), published.changed()).await {
            Ok(Ok(())) => published.borrow().clone().ok_or(OutOfTime),
            Ok(Err(_)) | Err(_) => Err(OutOfTime),
        }
    }

    /// Somebody scrapes. If that was at regular intervals, there will be a look when they come again; if they
    /// do not, that one was the last.
    pub(crate) fn expect_again(&self, now: Instant, patience: Duration) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let next = expected.rhythm.asked(now);
        let look = next.and_then(|next| next.checked_sub(Self::LEAD)).map(|at| {
            let (wishes, limit) = (self.wishes.clone(), Self::limit(patience));
            let look = tokio::spawn(async move {
                sleep_until(at.into()).await;
                let _ = wishes.try_send(Wish { since: Instant::now(), limit });
            });
            look.abort_handle()
        });
        if let Some(before) = std::mem::replace(&mut expected.look, look) {
            before.abort();
        }
    }

    /// A source is given up with some of the time left, in which the rest is put together.
    fn limit(patience: Duration) -> Duration {
        patience.mul_f32(0.8).max(Self::LEAST)
    }

    /// Has anybody looked yet?
    pub(crate) fn is_ready(&self) -> bool {
        self.published.borrow().is_some()
    }

    /// What was seen in the last hour.
    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Observations;
    use mosaic_page::History;
    use std::sync::mpsc::sync_channel;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};
    use tokio::sync::watch;

    #[test]
    fn who_scrapes_at_regular_intervals_is_looked_for_once_more_and_no_longer() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (wishes, inbox) = sync_channel(4);
        let (_sender, published) = watch::channel(None);
        let history = Arc::new(Mutex::new(History::default()));
        let observations = Observations { wishes, published, history, expected: Mutex::default() };
        let interval = Duration::from_secs(2);
        // The next scrape is due in a moment more than the lead.
        let due = Instant::now() + Observations::LEAD + Duration::from_millis(10);
        let scrapes = [3, 2, 1].map(|before| due.checked_sub(before * interval).unwrap());
        runtime.block_on(async {
            for scrape in scrapes {
                observations.expect_again(scrape, interval);
                assert!(inbox.try_recv().is_err(), "a look before anybody is due");
            }
            while inbox.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            drop(observations);
            assert!(inbox.recv().is_err(), "nobody looks again");
        });
    }
}
