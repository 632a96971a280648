//! The row before the check of passwords, which is slow on purpose: a flood of wrong ones must cost neither the
//! processor nor those who come from elsewhere.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;
use crate::stream::Peer;

/// So many addresses' worth of passwords may wait in all.
const ADDRESSES: usize = 4;

/// One password is checked at a time.
#[derive(Debug)]
pub(crate) struct PasswordQueue {
    turn: Arc<Semaphore>,
    waiting: Arc<Waiting>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<Option<IpAddr>, usize>>);

/// A place in the row, given back with this value.
#[derive(Debug)]
struct InRow {
    waiting: Arc<Waiting>,
    address: Option<IpAddr>,
}

/// The right to check a password now.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    _in_row: InRow,
}

impl PasswordQueue {
    /// So many may wait from one address.
    pub(crate) fn new(limit: usize) -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), waiting: Arc::default(), limit }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self, peer: Peer) -> Result<Turn, Refusal> {
        let address = match peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix => None,
        };
        let in_row = self.join(address).ok_or(Refusal::TooManyPasswords)?;
        let permit = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| Refusal::TooManyPasswords)?;
        Ok(Turn { _permit: permit, _in_row: in_row })
    }

    fn join(&self, address: Option<IpAddr>) -> Option<InRow> {
        let mut waiting = self.waiting.counts();
        if waiting.values().sum::<usize>() >= ADDRESSES * self.limit {
            return None;
        }
        let count = waiting.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(InRow { waiting: Arc::clone(&self.waiting), address })
    }
}

impl Waiting {
    fn counts(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InRow {
    fn drop(&mut self) {
        let mut counts = self.waiting.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
