//! The slots for connections, of which there is a fixed number. Under overload, the connection that has waited longest
//! for its client loses its slot.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::phase::{Phase, PhaseTracker};

/// How long a client may read nothing before its connection can be evicted.
const EVICTABLE_STALL: Duration = Duration::from_secs(2);

/// All slots of a server.
#[derive(Debug)]
pub(crate) struct ConnectionSlots {
    limit: usize,
    occupied: Mutex<Occupied>,
}

#[derive(Debug, Default)]
struct Occupied {
    last_id: u64,
    by_id: HashMap<u64, SlotEntry>,
}

#[derive(Debug)]
struct SlotEntry {
    tracker: Arc<PhaseTracker>,
    evict: oneshot::Sender<()>,
}

/// The slot of one connection, which is freed on drop.
#[derive(Debug)]
pub(crate) struct Slot {
    id: u64,
    slots: Arc<ConnectionSlots>,
    evicted: oneshot::Receiver<()>,
}

impl ConnectionSlots {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, occupied: Mutex::default() })
    }

    /// Takes a slot, if need be that of the connection that has waited longest for its client.
    ///
    /// Returns `None` if all connections are busy.
    pub(crate) fn acquire(self: &Arc<Self>, tracker: Arc<PhaseTracker>) -> Option<Slot> {
        let mut occupied = self.occupied();
        if occupied.by_id.len() >= self.limit && !occupied.evict_one() {
            return None;
        }
        let (evict, evicted) = oneshot::channel();
        occupied.last_id += 1;
        let id = occupied.last_id;
        occupied.by_id.insert(id, SlotEntry { tracker, evict });
        Some(Slot { id, slots: Arc::clone(self), evicted })
    }

    /// Closes the connection that has waited longest, even if a slot is free.
    pub(crate) fn evict_one(&self) {
        self.occupied().evict_one();
    }

    fn occupied(&self) -> MutexGuard<'_, Occupied> {
        self.occupied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Occupied {
    fn evict_one(&mut self) -> bool {
        let now = Instant::now();
        let candidates = self.by_id.iter().filter_map(|(id, occupant)| {
            let (phase, since) = occupant.tracker.current();
            eviction_rank(phase, now.saturating_duration_since(since)).map(|rank| ((rank, since), *id))
        });
        let Some((_, id)) = candidates.min() else { return false };
        if let Some(occupant) = self.by_id.remove(&id) {
            // The connection may have ended by itself meanwhile.
            let _ = occupant.evict.send(());
        }
        true
    }
}

/// The order of eviction, lowest first; `None` for a connection that must not be evicted.
fn eviction_rank(phase: Phase, lasted: Duration) -> Option<u8> {
    match phase {
        Phase::Closing => Some(0),
        Phase::Opening | Phase::Idle | Phase::ReadingHead => Some(1),
        Phase::Stalled => (lasted >= EVICTABLE_STALL).then_some(2),
        Phase::Responding => None,
    }
}

impl Slot {
    /// Ready when another connection takes the slot.
    pub(crate) fn poll_evicted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.evicted).poll(cx).map(drop)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.occupied().by_id.remove(&self.id);
    }
}
