//! One thing that was checked.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is so.
    Pass,
    /// It is not so.
    Fail,
    /// Nobody could look.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        })
    }
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// The roster can be read and makes sense.
    Roster,
    /// There is exactly one orchestrator.
    Orchestrator,
    /// The fleet has a tmux server and a holder on a socket of its own.
    Holder,
    /// The tmux server is the holder unit's: nobody's logout ends it, and it has the fleet's options.
    HolderUnit,
    /// The default tmux server has nothing to do with it.
    DefaultServer,
    /// tmux is new enough.
    TmuxVersion,
    /// systemd is new enough.
    SystemdVersion,
    /// Units run without a login.
    Linger,
    /// The agent has the session of its very name.
    Session,
    /// Its process is alive, and the one that its heartbeat names.
    Process,
    /// Its heartbeat is fresh.
    Heartbeat,
    /// Its unit is active.
    UnitActive,
    /// Its unit is enabled.
    UnitEnabled,
    /// The pane's process is in the unit's control group.
    ControlGroup,
    /// Its runtime is found on the path that was recorded.
    Runtime,
    /// It needs nobody: it does not wait for a person, is not blocked, and does not hang. Never required: an agent
    /// that waits is alive.
    Activity,
    /// Nothing differs from the roster.
    Drift,
}

impl CheckName {
    /// The word, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Orchestrator => "orchestrator",
            Self::Holder => "holder",
            Self::HolderUnit => "holder-unit",
            Self::DefaultServer => "default-server",
            Self::TmuxVersion => "tmux-version",
            Self::SystemdVersion => "systemd-version",
            Self::Linger => "linger",
            Self::Session => "session",
            Self::Process => "process",
            Self::Heartbeat => "heartbeat",
            Self::UnitActive => "unit-active",
            Self::UnitEnabled => "unit-enabled",
            Self::ControlGroup => "control-group",
            Self::Runtime => "runtime",
            Self::Activity => "activity",
            Self::Drift => "drift",
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// Of which agent; null of what concerns the whole fleet.
    pub agent: Option<String>,
    /// How it went.
    pub status: Status,
    /// The answer depends on it.
    pub required: bool,
    /// What was seen.
    pub evidence: String,
    /// What to do about it; empty if it passed.
    pub advice: String,
}
