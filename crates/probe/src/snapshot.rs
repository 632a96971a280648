//! The fleet as it is now: an observation joined with the roster.
//!
//! `mosaic fleet ps --json` prints these types, so fields are only ever added. The types hold data only; the rules
//! that produce them are in `judge` and `drift`.

mod agent;
mod attention;
mod ends;
pub(crate) mod text_format;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use agent::{
    ActivitySnapshot, ActivitySource, AgentSnapshot, Condition, HeartbeatHealth, HeartbeatSnapshot, LimitsSnapshot,
    SessionSnapshot, StopSnapshot, UnitSnapshot, UsageSnapshot, WaitingFor,
};
/// The types of fields, so that a consumer of snapshots needs no further crate.
pub use mosaic_domain::ExitVerdict;
pub use mosaic_heartbeat::{Activity, EndVerdict, Status as HeartbeatStatus};
pub use mosaic_roster::Class;
pub use mosaic_systemd::ActiveState;

pub use attention::{AttentionAdvice, AttentionReason, attention_advice};
pub use ends::{EndSnapshot, RestartState, RestartsSnapshot};

/// The state of a whole fleet at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mosaic fleet ps --json")]
pub struct Snapshot {
    /// The version of this format: 1. Fields are only ever added to it.
    pub schema: u32,
    /// The host.
    pub host: String,
    /// The tenant: `MOSAIC_TENANT`, by default the user.
    pub tenant: String,
    /// When the fleet was observed (RFC 3339).
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
    /// The name of the fleet's tmux socket.
    pub socket: String,
    /// The fleet runs without a user manager: it was started directly, and no agent is restarted automatically.
    pub direct: bool,
    /// Whether each source could be read.
    pub sources: Sources,
    /// The roster.
    pub roster: RosterSnapshot,
    /// The user's units run without a login. Null if that is unknown.
    pub linger: Option<bool>,
    /// The tmux server and its holder session.
    pub holder: HolderSnapshot,
    /// The agents in the order of the roster, then other sessions on the socket, sorted by name.
    pub agents: Vec<AgentSnapshot>,
    /// All drift from the roster.
    pub drift: Vec<DriftItem>,
}

/// The roster as it was last read. Whether it can be read now is in the report of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RosterSnapshot {
    /// The number of agents; null if the roster was never read.
    pub agents: Option<usize>,
    /// When it was last read successfully (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub loaded_at: Option<Timestamp>,
}

/// The tmux server of the fleet, and its holder session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderSnapshot {
    /// The server answers and has the holder's session. Null if tmux could not be queried.
    pub up: Option<bool>,
    /// The process id of the server.
    pub pid: Option<u32>,
    /// When the server started (RFC 3339).
    #[serde(serialize_with = "text_format::optional")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Timestamp>,
    /// No server runs, and none is needed, because every agent of the roster was stopped on request.
    pub stopped: bool,
}

impl Snapshot {
    /// Finds an agent by its name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&AgentSnapshot> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// The agents of the roster.
    pub fn managed(&self) -> impl Iterator<Item = &AgentSnapshot> {
        self.agents.iter().filter(|agent| agent.managed)
    }

    /// The number of agents of the roster in a condition.
    #[must_use]
    pub fn count(&self, condition: Condition) -> usize {
        self.managed().filter(|agent| agent.condition == condition).count()
    }
}

/// Whether a source could be read, and how long that took.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceReport {
    /// The source could be read.
    pub ok: bool,
    /// How long reading took, in milliseconds.
    pub duration_ms: f64,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A source of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// The roster file.
    Roster,
    /// The tmux server.
    Tmux,
    /// The user manager.
    Systemd,
    /// The run directory with the heartbeats.
    Heartbeat,
    /// `/proc` and the control groups.
    Process,
}

impl SourceName {
    /// The name, as in JSON and in metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Tmux => "tmux",
            Self::Systemd => "systemd",
            Self::Heartbeat => "heartbeat",
            Self::Process => "process",
        }
    }
}

/// The reports of all sources.
pub type Sources = BTreeMap<SourceName, SourceReport>;

/// One difference between the roster and the observed fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftItem {
    /// The kind of the difference.
    pub kind: DriftKind,
    /// The agent, session or unit; for the whole fleet the tmux socket or the user.
    pub subject: String,
    /// What was observed.
    pub detail: String,
    /// How to fix it, usually a command.
    pub advice: String,
    /// The command that fixes it, a line for a shell; null if a person has to decide. It never ends a process that may
    /// be alive.
    pub command: Option<String>,
}

/// A kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// The agent has no session.
    SessionMissing,
    /// The process in the agent's pane has ended, and the pane still exists.
    PaneDead,
    /// A session on the fleet's socket is not in the roster.
    UnmanagedSession,
    /// The agent's unit is active, but its process is not alive.
    UnitActiveProcessDead,
    /// The agent's unit is not installed or cannot be loaded.
    UnitMissing,
    /// The agent's unit is not enabled: a boot does not start it.
    UnitDisabled,
    /// A unit is enabled or active for an agent that is not in the roster.
    UnitOrphaned,
    /// The heartbeat names another process than the pane.
    PidMismatch,
    /// The process is alive, but its heartbeat is late or missing.
    StaleHeartbeat,
    /// A heartbeat exists for an agent that is not in the roster.
    OrphanHeartbeat,
    /// The pane runs another command than the roster says.
    CommandMismatch,
    /// The env file or the drop-in differs from what the roster would generate.
    EnvOutdated,
    /// A limit of the roster is not in force: its controller is missing, or the process is outside its unit's group.
    LimitsNotEnforced,
    /// The socket has no tmux server, or the server has no holder session.
    HolderMissing,
    /// The tmux server of living agents cannot be reached: its socket was removed, or another server took it.
    SocketMissing,
    /// A program that the agents' units run is missing or cannot be executed.
    ProgramsUnusable,
    /// Lingering is off: the user's units do not run without a login.
    LingerOff,
}

impl DriftKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 17] = [
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
        Self::LimitsNotEnforced,
        Self::HolderMissing,
        Self::SocketMissing,
        Self::ProgramsUnusable,
        Self::LingerOff,
    ];

    /// The name, as in JSON and in metric labels.
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
            Self::LimitsNotEnforced => "limits-not-enforced",
            Self::HolderMissing => "holder-missing",
            Self::SocketMissing => "socket-missing",
            Self::ProgramsUnusable => "programs-unusable",
            Self::LingerOff => "linger-off",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod drift_kind_tests {
    use super::DriftKind;

    #[test]
    fn all_kinds_are_listed_and_documented_in_this_order() {
        let schema = serde_json::to_value(schemars::schema_for!(DriftKind)).unwrap();
        let variants = schema["oneOf"].as_array().unwrap().iter().map(|variant| variant["const"].as_str().unwrap());
        let kinds = DriftKind::ALL.map(DriftKind::as_str);
        assert!(variants.eq(kinds), "add the new kind to DriftKind::ALL and to as_str");
        let page = include_str!("../../../docs/guide/conditions.md");
        let table = page.split("## Drift").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert!(rows.eq(kinds), "docs/guide/conditions.md: the table of drift kinds differs from DriftKind::ALL");
    }
}
