//! The roster's file as a whole, with what is only there to be checked.

use std::collections::BTreeMap;

use mosaic_domain::RuntimeName;
use serde::de::{Deserializer, Error};

use crate::{Agent, Defaults, RuntimeSection, TmuxSection};

/// Which agents there should be on this host, and how they run.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "roster")]
pub(crate) struct Document {
    /// Version of this format.
    #[serde(rename = "version", deserialize_with = "version")]
    #[schemars(schema_with = "crate::schema::version")]
    _version: (),
    /// What agents' terminals are: always tmux.
    #[serde(rename = "transport", default, deserialize_with = "transport")]
    #[schemars(schema_with = "crate::schema::transport")]
    _transport: (),
    /// The fleet's tmux server.
    #[serde(default)]
    pub(crate) tmux: TmuxSection,
    /// What holds for agents that do not say otherwise.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// How agents of each runtime are started. The built-in ones (claude, codex, opencode, pi) need no entry.
    #[serde(default, deserialize_with = "runtimes")]
    #[schemars(schema_with = "crate::schema::runtimes")]
    pub(crate) runtimes: BTreeMap<RuntimeName, RuntimeSection>,
    /// The agents.
    pub(crate) agents: Vec<Agent>,
}

/// The only version of the format that there is.
const VERSION: u64 = 1;

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let version: u64 = serde::Deserialize::deserialize(deserializer)?;
    if version == VERSION {
        return Ok(());
    }
    Err(D::Error::custom(format!("version {version} is not supported: this program reads version {VERSION}")))
}

fn transport<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let transport: String = crate::reading::text(deserializer)?;
    if transport == "tmux" {
        return Ok(());
    }
    Err(D::Error::custom(format!("'{}' is not supported: agents run in tmux", transport.escape_debug())))
}

fn runtimes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<RuntimeName, RuntimeSection>, D::Error> {
    let sections: BTreeMap<Name, RuntimeSection> = serde::Deserialize::deserialize(deserializer)?;
    Ok(sections.into_iter().map(|(Name(name), section)| (name, section)).collect())
}

/// A runtime's name as a key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(RuntimeName);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::reading::text(deserializer).map(Self)
    }
}
