//! The whole fleet of one host and user.

use schemars::JsonSchema;
use serde::Serialize;

use super::{AgentSnapshot, Condition, DriftItem, Sources};

/// One observation of everything, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mosaic fleet ps --json")]
pub struct Snapshot {
    /// The version of this form: 1. Fields are only ever added to it.
    pub schema: u32,
    /// The host.
    pub host: String,
    /// The user whose fleet it is, or `MOSAIC_TENANT`.
    pub tenant: String,
    /// When it was taken (RFC 3339).
    pub observed_at: String,
    /// The fleet's tmux socket.
    pub socket: String,
    /// There is no user manager that starts agents: the fleet was started directly, and nobody starts
    /// an agent again.
    pub direct: bool,
    /// How looking at each source went.
    pub sources: Sources,
    /// The roster itself.
    pub roster: RosterSnapshot,
    /// The user's units run without a login. Null where nothing says so.
    pub linger: Option<bool>,
    /// The tmux server's holder.
    pub holder: HolderSnapshot,
    /// The agents of the roster in its order, then what else runs on the socket, by name.
    pub agents: Vec<AgentSnapshot>,
    /// Every difference from the roster.
    pub drift: Vec<DriftItem>,
}

/// What is known of the roster; whether it could be read now is the source's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RosterSnapshot {
    /// How many agents it has; null if it was never read.
    pub agents: Option<usize>,
    /// When it was last read with success (RFC 3339).
    pub loaded_at: Option<String>,
}

/// The fleet's tmux server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderSnapshot {
    /// The server answers, and the holder's session is on it. Null if tmux could not be asked.
    pub up: Option<bool>,
    /// The server's process.
    pub pid: Option<u32>,
    /// When it started (RFC 3339).
    pub since: Option<String>,
}

impl Snapshot {
    /// An agent by its name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&AgentSnapshot> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// The agents of the roster.
    pub fn managed(&self) -> impl Iterator<Item = &AgentSnapshot> {
        self.agents.iter().filter(|agent| agent.managed)
    }

    /// How many agents of the roster are in a condition.
    #[must_use]
    pub fn count(&self, condition: Condition) -> usize {
        self.managed().filter(|agent| agent.condition == condition).count()
    }
}
