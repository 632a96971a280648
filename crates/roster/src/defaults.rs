//! The roster's section `defaults`.

use mosaic_domain::{HeartbeatInterval, RuntimeName};

/// What holds for agents that do not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "defaults")]
pub struct Defaults {
    /// Runtime of agents that name none; "pi" if this is left out too.
    #[serde(default, deserialize_with = "crate::reading::optional_text")]
    #[schemars(schema_with = "crate::schema::runtime_name")]
    pub runtime: Option<RuntimeName>,
    /// Directory in which agents start that name none.
    #[serde(default, deserialize_with = "crate::reading::working_directory")]
    #[schemars(schema_with = "crate::schema::working_directory")]
    pub working_directory: Option<String>,
    /// Seconds between two heartbeats, such as 15 or 0.5; 15 if left out.
    #[serde(default, deserialize_with = "crate::reading::beat_interval")]
    #[schemars(schema_with = "crate::schema::beat_interval")]
    pub heartbeat_interval: Option<HeartbeatInterval>,
}
