//! The request that a sender ends, as SIGTERM and SIGINT make it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to end that a delivery looks at between its steps, so that it leaves no half-sent text in a composer.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Returns the flag that a signal handler sets.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Returns whether the sender was asked to end.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
