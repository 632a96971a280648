use rustix::time::Timespec;
use std::time::{Duration, Instant};

/// The moment after which a wait has failed.
///
/// It is a safety net, far above what anything takes: a test that meets it has found a fault, and
/// no test's speed depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// What a wait gets when nothing else is asked for.
    pub const DEFAULT: Duration = Duration::from_secs(30);

    /// A deadline that much from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// What is left, zero once it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
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
