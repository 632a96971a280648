//! One agent as it is now.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ActivitySnapshot, Condition, DriftKind};

/// An agent of the roster (`managed`), or a session on the fleet's socket that is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentSnapshot {
    /// Its name.
    pub name: String,
    /// The program that it is; null of what is not in the roster.
    pub runtime: Option<String>,
    /// Its class; null of what is not in the roster.
    pub class: Option<String>,
    /// The host it runs on.
    pub host: String,
    /// The user it runs as.
    pub tenant: String,
    /// It is in the roster.
    pub managed: bool,
    /// The verdict to act on.
    pub condition: Condition,
    /// Why, where the condition alone does not say.
    pub reason: Option<String>,
    /// Its session; null if tmux could not be asked.
    pub session: Option<SessionSnapshot>,
    /// Its unit; null if the user manager could not be asked.
    pub unit: Option<UnitSnapshot>,
    /// Its heartbeat.
    pub heartbeat: HeartbeatSnapshot,
    /// What it does; null if neither it nor its screen says.
    pub activity: Option<ActivitySnapshot>,
    /// What it uses; null if that could not be read.
    pub usage: Option<UsageSnapshot>,
    /// How it differs from the roster.
    pub drift: Vec<DriftKind>,
}

/// The session of an agent's name on the fleet's tmux server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionSnapshot {
    /// There is one. Nothing else is known of one that is not.
    pub exists: bool,
    /// Its pane, `%4`.
    pub pane_id: Option<String>,
    /// The process that tmux started in the pane.
    pub pane_pid: Option<u32>,
    /// The pane is dead: that process has ended, and tmux kept its screen.
    pub pane_dead: Option<bool>,
    /// The process runs: it is there, and no zombie. Null if `/proc` could not be read.
    pub process_alive: Option<bool>,
    /// When the process started (RFC 3339).
    pub process_since: Option<String>,
    /// The program in the pane's foreground.
    pub command: Option<String>,
    /// When the pane's window printed last (RFC 3339).
    pub last_output: Option<String>,
}

/// What systemd says of an agent's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitSnapshot {
    /// `mosaic-agent@coder0.service`
    pub name: String,
    /// `active`, `activating`, `failed`, … (`ActiveState`)
    pub active: String,
    /// `running`, `auto-restart`, `dead`, … (`SubState`)
    pub sub: String,
    /// It is started at boot. Null if the unit directories could not be read.
    pub enabled: Option<bool>,
    /// Its file is installed and can be loaded.
    pub installed: bool,
    /// When it came to this state; of one that is active, when its start began (RFC 3339).
    pub since: Option<String>,
}

/// How a heartbeat is judged: by its writer's own interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeartbeatHealth {
    /// At most three of its intervals old.
    Healthy,
    /// Older.
    Stale,
    /// There is none, or it cannot be judged.
    Unknown,
}

/// An agent's heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatSnapshot {
    /// The judgement.
    pub health: HeartbeatHealth,
    /// Why it cannot be judged.
    pub reason: Option<String>,
    /// When it was written, by the wall clock (RFC 3339).
    pub ts: Option<String>,
    /// How long ago that was, in milliseconds.
    pub age_ms: Option<u64>,
    /// The interval that its writer keeps, in milliseconds.
    pub interval_ms: Option<u64>,
    /// The process that it is about.
    pub pid: Option<u32>,
    /// `ok`, `exited`, `stopped` or `lost`.
    pub status: Option<String>,
    /// How the process ended: `code:7`, `signal:9`.
    pub exit: Option<String>,
    /// How the process before this one ended, or this one if it has: `code:7`, `signal:9`.
    pub last_exit: Option<String>,
    /// When that was (RFC 3339).
    pub last_exit_at: Option<String>,
    /// The sidecar that wrote it.
    pub sidecar: Option<u32>,
    /// How often the agent was started since the run directory is new.
    pub starts: Option<u64>,
    /// The file.
    pub path: String,
}

/// What an agent and all that it started use: its unit's control group, else its process tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageSnapshot {
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// CPU time since its start, in seconds.
    pub cpu_seconds: f64,
    /// Processes and threads of a control group, else processes.
    pub tasks: u64,
}
