//! The ways in which what is there can differ from the roster.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// A kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// The agent has no session.
    SessionMissing,
    /// Its pane's process has ended, and the pane is still there.
    PaneDead,
    /// A session on the fleet's socket that no roster entry asks for.
    UnmanagedSession,
    /// Its unit is active, and its process is not alive.
    UnitActiveProcessDead,
    /// Its unit is not installed, or cannot be loaded.
    UnitMissing,
    /// Its unit is not enabled: it will not survive a boot.
    UnitDisabled,
    /// A unit that is enabled or active for an agent that is not in the roster.
    UnitOrphaned,
    /// Heartbeat and pane name different processes.
    PidMismatch,
    /// The process is alive, and nobody writes its heartbeat.
    StaleHeartbeat,
    /// A heartbeat of an agent that is not in the roster.
    OrphanHeartbeat,
    /// The pane runs something else than the roster says.
    CommandMismatch,
    /// The env file or the drop-in differs from what the roster makes of it.
    EnvOutdated,
    /// There is no tmux server on the socket, or the holder's session is not on it.
    HolderMissing,
    /// The user's units do not run without a login.
    LingerOff,
}

impl DriftKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::SessionMissing,
        Self::PaneDead,
        Self::UnmanagedSession,
        Self::UnitActiveProcessDead,
        Self::UnitMissing,
        Self::UnitDisabled,
        Self::UnitOrphaned,
        Self::PidMismatch,
        Self::StaleHeartbeat,
        Self::OrphanHeartbeat,
        Self::CommandMismatch,
        Self::EnvOutdated,
        Self::HolderMissing,
        Self::LingerOff,
    ];

    /// The word, as in JSON and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionMissing => "session-missing",
            Self::PaneDead => "pane-dead",
            Self::UnmanagedSession => "unmanaged-session",
            Self::UnitActiveProcessDead => "unit-active-process-dead",
            Self::UnitMissing => "unit-missing",
            Self::UnitDisabled => "unit-disabled",
            Self::UnitOrphaned => "unit-orphaned",
            Self::PidMismatch => "pid-mismatch",
            Self::StaleHeartbeat => "stale-heartbeat",
            Self::OrphanHeartbeat => "orphan-heartbeat",
            Self::CommandMismatch => "command-mismatch",
            Self::EnvOutdated => "env-outdated",
            Self::HolderMissing => "holder-missing",
            Self::LingerOff => "linger-off",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
