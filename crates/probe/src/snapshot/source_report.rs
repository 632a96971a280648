//! How looking at one source went.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// Whether a source could be read, and how long that took.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceReport {
    /// It could be read.
    pub ok: bool,
    /// How long that took, in milliseconds.
    pub duration_ms: f64,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where an observation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// The roster's file.
    Roster,
    /// The fleet's tmux server.
    Tmux,
    /// The user manager.
    Systemd,
    /// The run directory.
    Heartbeat,
    /// `/proc` and the control groups.
    Process,
}

impl SourceName {
    /// The word, as in JSON and in metric labels.
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

/// The report of every source.
pub type Sources = BTreeMap<SourceName, SourceReport>;
