//! Which process is meant: a PID alone does not say, because PIDs are used again.

use crate::BootId;

/// A process id. The kernel's are positive and below 2²².
pub type Pid = std::num::NonZeroU32;

/// A process, told apart from every other that ever had or will have its PID on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: Pid,
    /// When it started, in clock ticks since boot: field 22 of `/proc/PID/stat`.
    pub start_ticks: u64,
    /// The boot within which `start_ticks` counts.
    pub boot: BootId,
}
