//! How an agent ended last, and its restarts.

use jiff::Timestamp;
use mosaic_heartbeat::EndVerdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::text_format;

/// The last end of an agent that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndSnapshot {
    /// When it ended (RFC 3339).
    #[serde(serialize_with = "text_format::milliseconds")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// How it ended: `code:7`, `signal:9`, `lost`, `stopped`, `not-started` or `unknown`.
    #[serde(serialize_with = "text_format::display")]
    #[schemars(with = "String")]
    pub verdict: EndVerdict,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// How often the agent had been started since the run directory was created; 0 if that is unknown.
    pub generation: u64,
    /// The program that asked for a stop, if that is known.
    pub requested_by: Option<String>,
    /// The last lines that its pane showed, at most five in a snapshot. `mosaic agent logs` prints more.
    pub lines: Vec<String>,
}

/// What becomes of an agent that keeps ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestartState {
    /// It runs again.
    Running,
    /// It is started again after a delay.
    Waiting,
    /// systemd starts it no more.
    GivenUp,
    /// It is down, and no unit is about to start it.
    Down,
}

/// The restarts of an agent that keeps ending after short runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestartsSnapshot {
    /// What becomes of the agent.
    pub state: RestartState,
    /// How often it was started in a row, each time but the last for a short run.
    pub starts: u32,
    /// When the first of these starts was (RFC 3339).
    #[serde(serialize_with = "text_format::milliseconds")]
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// Until when the next start waits (RFC 3339). Null if none waits.
    #[serde(serialize_with = "text_format::optional_milliseconds")]
    #[schemars(with = "Option<String>")]
    pub next_at: Option<Timestamp>,
    /// The starts in words: "started 11 times in 3 min".
    pub summary: String,
}
