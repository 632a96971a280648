//! Why an agent was not stopped.

use crate::error::CommandError;

/// It goes on as before.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undrained {
    /// It is at work, and there was no more time to wait.
    #[error("still at work: {0}")]
    Busy(String),
    /// Whoever waited does not want to any more.
    #[error("not stopped: interrupted before it was idle")]
    Interrupted,
    /// It could not be looked at, or messages could not be kept from it.
    #[error(transparent)]
    Failed(#[from] CommandError),
}
