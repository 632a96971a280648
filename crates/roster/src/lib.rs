//! The roster: which agents a host should run, and how.
//!
//! This crate parses and validates rosters ([`Roster::load`]), edits them without touching other lines ([`add_agent`],
//! [`remove_agent`], [`set_value`]), ships presets and the JSON Schema, and generates agents' env files and unit
//! drop-ins. It writes no file: `provision` does. The actual state of the host is observed by `probe`.

mod agent;
mod agent_env_file;
mod class;
mod command_program;
mod deserialize_with;
mod did_you_mean;
mod document;
mod drop_in;
mod edit;
mod json_schema;
mod limits;
mod load;
mod preset;
mod roster;
mod yaml;

pub use agent::{Agent, AgentSettings, InvalidRestartPolicy, PersistentPersona, RestartPolicy};
pub use agent_env_file::AgentEnvFile;
pub use class::{Class, InvalidClass};
pub use command_program::{absolute_program, required_program};
pub use did_you_mean::{similar_words, suggestion};
pub use document::{Defaults, RuntimeSection, TmuxSection};
pub use drop_in::{DROP_IN_FILE_NAME, agent_drop_in, holder_drop_in};
pub use edit::{EditError, NewAgent, add_agent, remove_agent, set_value};
pub use json_schema::{SCHEMA, json_schema};
pub use limits::{CpuQuota, InvalidLimit, Limits, MemoryMax, TasksMax};
pub use load::{InvalidRoster, RosterError};
pub use mosaic_domain::{HolderSession, InvalidHolderSession};
pub use preset::{Preset, UnknownPreset};
pub use roster::{Roster, RosterWarning, SeveralOrchestrators};
