//! Somebody who looks again and again, and remembers what cannot have changed.

use std::io;
use std::sync::Arc;

use crate::assemble;
use crate::look::{Depth, Look};
use crate::observe::{Target, observe};
use crate::verify::Facts;

/// Looks at one fleet. A program that ends after one look needs just [`crate::look`].
#[derive(Debug, Default)]
pub struct Observer {}

impl Observer {
    /// Looks once, in bounded time.
    ///
    /// # Errors
    /// The boot's id cannot be read: `/proc` is not mounted.
    pub fn look(&mut self, target: &Arc<Target>, depth: Depth) -> io::Result<Look> {
        let observation = observe(target)?;
        let snapshot = assemble(target, &observation);
        let facts = match depth {
            Depth::Usual => Facts::default(),
            Depth::Verify => Facts::gather(target, &observation),
        };
        Ok(Look::new(Arc::clone(target), observation, facts, snapshot))
    }
}
