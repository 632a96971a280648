//! One look at a fleet, from the sources to the snapshot.

use std::io;
use std::sync::Arc;

use crate::Observer;
use crate::observe::{Observation, Target};
use crate::snapshot::Snapshot;
use crate::verify::{Facts, Scope, Verification, passed, verify};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// As for a table.
    Usual,
    /// Also what only a verification asks for, which costs a program's start or two.
    Verify,
}

/// What was seen, and what follows from it.
#[derive(Debug)]
pub struct Look {
    target: Arc<Target>,
    observation: Observation,
    facts: Facts,
    /// The fleet as it is now.
    pub snapshot: Snapshot,
}

/// Looks once, in bounded time, and remembers nothing.
///
/// # Errors
/// The boot's id cannot be read: `/proc` is not mounted.
pub fn look(target: &Arc<Target>, depth: Depth) -> io::Result<Look> {
    Observer::for_one_look().look(target, depth)
}

impl Look {
    pub(crate) fn new(target: Arc<Target>, observation: Observation, facts: Facts, snapshot: Snapshot) -> Self {
        Self { target, observation, facts, snapshot }
    }

    /// Whether to trust the fleet, or some agents of it.
    #[must_use]
    pub fn verify(&self, scope: &Scope) -> Verification {
        verify(&self.target, &self.observation, &self.snapshot, &self.facts, scope)
    }

    /// Whether all that [`verify`](Self::verify) requires is so, without the table.
    #[must_use]
    pub fn passed(&self, scope: &Scope) -> bool {
        passed(&self.target, &self.observation, &self.snapshot, &self.facts, scope)
    }
}
