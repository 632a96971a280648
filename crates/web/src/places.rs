//! The connections that there are, never more than allowed: somebody who only waits makes room.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::phase::{Phase, Progress};

/// A client that has not taken a byte for so long loses its place to one that might.
const STALLED_LONG: Duration = Duration::from_secs(2);

/// All connections.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    last: u64,
    by: HashMap<u64, Occupant>,
}

#[derive(Debug)]
struct Occupant {
    progress: Arc<Progress>,
    leave: oneshot::Sender<()>,
}

/// The place of one connection, given back with this value.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    places: Arc<Places>,
    told_to_leave: oneshot::Receiver<()>,
}

impl Places {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: Mutex::default() })
    }

    /// A place, if need be that of the one that has waited longest for its client. With all of them at work there is
    /// none.
    pub(crate) fn take(self: &Arc<Self>, progress: Arc<Progress>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.by.len() >= self.limit && !taken.make_room() {
            return None;
        }
        let (leave, told_to_leave) = oneshot::channel();
        taken.last += 1;
        let number = taken.last;
        taken.by.insert(number, Occupant { progress, leave });
        Some(Place { number, places: Arc::clone(self), told_to_leave })
    }

    /// Closes the one that has waited longest, whether or not there is room.
    pub(crate) fn make_room(&self) {
        self.taken().make_room();
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn make_room(&mut self) -> bool {
        let now = Instant::now();
        let candidates = self.by.iter().filter_map(|(number, occupant)| {
            let (phase, since) = occupant.progress.now();
            worth(phase, now.saturating_duration_since(since)).map(|worth| ((worth, since), *number))
        });
        let Some((_, number)) = candidates.min() else { return false };
        if let Some(occupant) = self.by.remove(&number) {
            // It may just have gone by itself.
            let _ = occupant.leave.send(());
        }
        true
    }
}

/// How much is lost with a connection, least first; nothing if it may not be closed.
fn worth(phase: Phase, lasted: Duration) -> Option<u8> {
    match phase {
        Phase::Leaving => Some(0),
        Phase::Opening | Phase::Idle | Phase::Head => Some(1),
        Phase::Stalled => (lasted >= STALLED_LONG).then_some(2),
        Phase::Answering => None,
    }
}

impl Place {
    /// Ready when somebody else needs the place.
    pub(crate) fn poll_told_to_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.told_to_leave).poll(cx).map(drop)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().by.remove(&self.number);
    }
}
