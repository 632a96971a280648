//! The roster's section `tmux`.

use mosaic_domain::SocketName;

use crate::HolderSession;

/// The fleet's tmux server.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "tmux")]
pub struct TmuxSection {
    /// Name of the server's socket (`tmux -L`). Never "default": that is the server of a person's own sessions.
    #[serde(deserialize_with = "crate::reading::socket_name")]
    #[schemars(schema_with = "crate::schema::socket_name")]
    pub socket_name: SocketName,
    /// Session that keeps the server alive while no agent runs.
    #[serde(deserialize_with = "crate::reading::text")]
    #[schemars(schema_with = "crate::schema::holder_session")]
    pub holder_session: HolderSession,
    /// Directory in which agents start that name none, and for which `defaults` has none.
    #[serde(deserialize_with = "crate::reading::working_directory")]
    #[schemars(schema_with = "crate::schema::working_directory")]
    pub working_directory: Option<String>,
}
