//! Messages that nobody carries any more.

use mosaic_process::ProcRoot;

use crate::spool::Record;
use crate::{Outcome, PostError};

/// What is true of a message that was under way when its carrier ended; `None` if it was not under way, or
/// its carrier lives.
///
/// # Errors
/// `/proc` cannot be read.
pub fn orphan_outcome(record: &Record) -> Result<Option<Outcome>, PostError> {
    let Some(outcome) = record.without_carrier() else { return Ok(None) };
    let lives = match &record.carrier {
        Some(carrier) => ProcRoot::default().liveness(&carrier.process()).map_err(PostError::Proc)?.is_alive(),
        None => false,
    };
    Ok(Some(outcome).filter(|_| !lives))
}
