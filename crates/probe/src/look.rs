//! One look at a fleet, from the sources to the snapshot.

use std::io;
use std::sync::Arc;

use crate::assemble;
use crate::observe::{Observation, Target, observe};
use crate::snapshot::Snapshot;
use crate::verify::{Facts, Scope, Verification, verify};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// As for a table or a scrape.
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

/// Looks once, in bounded time.
///
/// # Errors
/// The boot's id cannot be read: `/proc` is not mounted.
pub fn look(target: &Arc<Target>, depth: Depth) -> io::Result<Look> {
    let observation = observe(target)?;
    let snapshot = assemble(target, &observation);
    let facts = match depth {
        Depth::Usual => Facts::default(),
        Depth::Verify => Facts::gather(target, &observation),
    };
    Ok(Look { target: Arc::clone(target), observation, facts, snapshot })
}

impl Look {
    /// Whether to trust the fleet, or some agents of it.
    #[must_use]
    pub fn verify(&self, scope: &Scope) -> Verification {
        verify(&self.target, &self.observation, &self.snapshot, &self.facts, scope)
    }
}
