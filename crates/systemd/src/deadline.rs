//! The moment at which a call is given up.

use std::time::{Duration, Instant};

/// A limit that no clock reaches, and can still be added to it.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// That much from now.
pub(crate) fn after(limit: Duration) -> Instant {
    Instant::now() + limit.min(NEVER)
}
