//! One difference between the roster and what is there.

use schemars::JsonSchema;
use serde::Serialize;

use super::DriftKind;

/// What differs, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftItem {
    /// How it differs.
    pub kind: DriftKind,
    /// The agent, session or unit; the socket or user of what concerns the whole fleet.
    pub subject: String,
    /// What was seen.
    pub detail: String,
    /// What to do about it: mostly a command.
    pub advice: String,
}
