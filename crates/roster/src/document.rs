//! The top level of the roster file and its sections.

use std::collections::BTreeMap;

use mosaic_domain::{HeartbeatInterval, RuntimeName, SocketName};
use serde::de::{Deserializer, Error};

use crate::{Agent, HolderSession};

/// The agents of this host, and how they run.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "roster")]
pub(crate) struct Document {
    /// The version of this format.
    #[serde(rename = "version", deserialize_with = "version")]
    #[schemars(schema_with = "crate::json_schema::version")]
    _version: (),
    /// How agents are reached. The only supported value is tmux.
    #[serde(rename = "transport", default, deserialize_with = "transport")]
    #[schemars(schema_with = "crate::json_schema::transport")]
    _transport: (),
    /// The fleet's tmux server.
    #[serde(default)]
    pub(crate) tmux: TmuxSection,
    /// Defaults for the agents.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// How agents of each runtime are started. The built-in runtimes need no entry.
    #[serde(default, deserialize_with = "runtimes")]
    #[schemars(schema_with = "crate::json_schema::runtimes")]
    pub(crate) runtimes: BTreeMap<RuntimeName, RuntimeSection>,
    /// The agents.
    pub(crate) agents: Vec<Agent>,
}

/// The section `tmux`: the fleet's tmux server.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "tmux")]
#[schemars(description = "The fleet's tmux server.")]
pub struct TmuxSection {
    /// The socket name of the server (`tmux -L`). The name "default" is refused: it is your personal tmux server.
    #[serde(deserialize_with = "crate::deserialize_with::socket_name")]
    #[schemars(schema_with = "crate::json_schema::socket_name")]
    pub socket_name: SocketName,
    /// The session that keeps the server alive while no agent runs.
    #[serde(deserialize_with = "crate::deserialize_with::text")]
    #[schemars(schema_with = "crate::json_schema::holder_session")]
    pub holder_session: HolderSession,
    /// The working directory of agents for which neither their entry nor `defaults` sets one.
    #[serde(deserialize_with = "crate::deserialize_with::working_directory")]
    #[schemars(schema_with = "crate::json_schema::working_directory")]
    pub working_directory: Option<String>,
}

/// The section `defaults`: settings of agents whose entries do not set them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "defaults")]
#[schemars(description = "Settings of agents whose entries do not set them.")]
pub struct Defaults {
    /// The runtime of agents that do not set one. The default is "pi".
    #[serde(default, deserialize_with = "crate::deserialize_with::optional_text")]
    #[schemars(schema_with = "crate::json_schema::runtime_name")]
    pub runtime: Option<RuntimeName>,
    /// The working directory of agents that do not set one.
    #[serde(default, deserialize_with = "crate::deserialize_with::working_directory")]
    #[schemars(schema_with = "crate::json_schema::working_directory")]
    pub working_directory: Option<String>,
    /// Seconds between two heartbeats, such as 15 or 0.5. The default is 15.
    #[serde(default, deserialize_with = "crate::deserialize_with::beat_interval")]
    #[schemars(schema_with = "crate::json_schema::beat_interval")]
    pub heartbeat_interval: Option<HeartbeatInterval>,
}

/// One entry of the section `runtimes`: how the agents of one runtime are started and reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "runtime")]
#[schemars(description = "How the agents of one runtime are started and reset.")]
pub struct RuntimeSection {
    /// The shell command line that runs the agent. The default is `mosaic yolo RUNTIME`.
    #[serde(default, deserialize_with = "crate::deserialize_with::one_line")]
    #[schemars(schema_with = "crate::json_schema::one_line")]
    pub command: Option<String>,
    /// The text typed into the agent to clear its conversation, such as `/clear`.
    #[serde(default, deserialize_with = "crate::deserialize_with::one_line")]
    #[schemars(schema_with = "crate::json_schema::one_line")]
    pub reset_command: Option<String>,
}

/// The only version of the format.
const VERSION: u64 = 1;

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let version: u64 = serde::Deserialize::deserialize(deserializer)?;
    if version == VERSION {
        return Ok(());
    }
    Err(D::Error::custom(format!("version {version} is not supported: this program reads version {VERSION}")))
}

fn transport<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let transport: String = crate::deserialize_with::text(deserializer)?;
    if transport == "tmux" {
        return Ok(());
    }
    Err(D::Error::custom(format!("'{}' is not supported: agents run in tmux", transport.escape_debug())))
}

fn runtimes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<RuntimeName, RuntimeSection>, D::Error> {
    let sections: BTreeMap<RuntimeKey, RuntimeSection> = serde::Deserialize::deserialize(deserializer)?;
    Ok(sections.into_iter().map(|(RuntimeKey(name), section)| (name, section)).collect())
}

/// A runtime name in the position of a mapping key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RuntimeKey(RuntimeName);

impl<'de> serde::Deserialize<'de> for RuntimeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::deserialize_with::text(deserializer).map(Self)
    }
}
