//! Somebody who looks again and again, and remembers what cannot have changed.

use std::io;
use std::sync::Arc;

use crate::assemble;
use crate::look::{Depth, Look};
use crate::observe::{Memory, Target, observe};
use crate::verify::{Facts, KnownFacts};

/// Looks at one fleet, again and again: what was seen is remembered, and looked at anew when anything says
/// that it may have changed. What it says is what somebody would say who looks for the first time, but for
/// a roster that cannot be read any more: then it goes on by the last that could.
///
/// Between looks it does nothing. It keeps open a connection to the user manager, with the thread that this
/// takes, and two files an agent, as far as the limit of open files allows.
#[derive(Debug, Default)]
pub struct Observer {
    memory: Memory,
    facts: KnownFacts,
}

impl Observer {
    /// One that looks but once.
    pub(crate) fn for_one_look() -> Self {
        Self { memory: Memory::for_one_look(), facts: KnownFacts::default() }
    }

    /// Looks once, in bounded time.
    ///
    /// # Errors
    /// The boot's id cannot be read: `/proc` is not mounted.
    pub fn look(&mut self, target: &Arc<Target>, depth: Depth) -> io::Result<Look> {
        let observation = observe(target, &mut self.memory)?;
        let facts = match depth {
            Depth::Usual => Facts::default(),
            Depth::Verify => self.facts.gather(target, &observation),
        };
        let snapshot = assemble(target, &observation);
        Ok(Look::new(Arc::clone(target), observation, facts, snapshot))
    }
}
