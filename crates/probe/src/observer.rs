//! Observing a fleet, once or repeatedly, from the sources to the snapshot.

use std::io;
use std::sync::Arc;

use crate::assemble::assemble;
use crate::doctor::{Diagnosis, diagnose};
use crate::observe::{Cache, Observation, observe};
use crate::snapshot::Snapshot;
use crate::target::Target;
use crate::verify::{ProgramFacts, ProgramFactsCache, Scope, Verification, VerifyInput, passed, verify};

/// Observes one fleet repeatedly. Results are cached and read again as soon as anything indicates a change, so an
/// observation equals that of a new observer. The exception is a roster that can no longer be read: then the last
/// valid roster stays in effect.
///
/// Between observations it does nothing. It keeps open one connection to the user manager, with the thread that
/// this takes, and two files per agent, as far as the limit of open files allows.
#[derive(Debug, Default)]
pub struct Observer {
    cache: Cache,
    program_facts: ProgramFactsCache,
}

impl Observer {
    /// An observer for a single observation, which keeps nothing open for another one.
    pub(crate) fn single_use() -> Self {
        Self { cache: Cache::single_use(), program_facts: ProgramFactsCache::default() }
    }

    /// Observes the fleet, in bounded time.
    ///
    /// # Errors
    /// The boot id cannot be read: `/proc` is not mounted.
    pub fn observe(&mut self, target: &Arc<Target>, depth: Depth) -> io::Result<ObservedFleet> {
        let observation = observe(target, &mut self.cache)?;
        let program_facts = match depth {
            Depth::Snapshot => ProgramFacts::default(),
            Depth::Verify => self.program_facts.gather(target, &observation),
        };
        let snapshot = assemble(target, &observation);
        Ok(ObservedFleet { target: Arc::clone(target), observation, program_facts, snapshot })
    }
}

/// How much an observation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What a snapshot needs.
    Snapshot,
    /// Also what only a verification needs, which starts up to two programs.
    Verify,
}

/// A fleet as it was observed: its snapshot, and what a verification needs.
#[derive(Debug)]
pub struct ObservedFleet {
    target: Arc<Target>,
    observation: Observation,
    program_facts: ProgramFacts,
    /// The snapshot of the fleet.
    pub snapshot: Snapshot,
}

/// Observes a fleet once, in bounded time, without a cache.
///
/// # Errors
/// The boot id cannot be read: `/proc` is not mounted.
pub fn observe_once(target: &Arc<Target>, depth: Depth) -> io::Result<ObservedFleet> {
    Observer::single_use().observe(target, depth)
}

impl ObservedFleet {
    /// Verifies the fleet, or the agents that `scope` names.
    #[must_use]
    pub fn verify(&self, scope: &Scope) -> Verification {
        verify(&self.verify_input(scope))
    }

    /// Says what the fleet needs beside itself, and what of it is missing. This runs Node for its version.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        diagnose(&self.target, &self.observation)
    }

    /// Whether every check passes that [`verify`](Self::verify) requires, without producing the table.
    #[must_use]
    pub fn passed(&self, scope: &Scope) -> bool {
        passed(&self.verify_input(scope))
    }

    fn verify_input<'a>(&'a self, scope: &'a Scope) -> VerifyInput<'a> {
        VerifyInput {
            target: &self.target,
            observation: &self.observation,
            snapshot: &self.snapshot,
            program_facts: &self.program_facts,
            scope,
        }
    }
}
