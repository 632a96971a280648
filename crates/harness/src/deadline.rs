use rustix::time::Timespec;
use std::time::{Duration, Instant};

/// The time after which a wait fails.
///
/// The default is far longer than any wait takes: a test that reaches it has found a fault.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The default timeout of a wait.
    pub const DEFAULT: Duration = Duration::from_secs(30);

    /// Creates a deadline that passes after `duration`.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// Returns the remaining time, zero once the deadline has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn passed(self) -> bool {
        self.remaining().is_zero()
    }

    pub(crate) fn timespec(self) -> Timespec {
        Timespec::try_from(self.remaining()).expect("a deadline of a test fits a timespec")
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self::after(Self::DEFAULT)
    }
}
