//! What agents there should be: the roster's format, its presets, changes to it that leave everything
//! else in the file alone, and the files that are generated from it.
//!
//! One file is read, by [`Roster::load`]; nothing is written here. What is really there is seen by
//! `probe`, and files are put in place by `provision`.

mod agent;
mod agent_env;
mod agent_settings;
mod class;
mod defaults;
mod document;
mod drop_in;
mod edit;
mod env_syntax;
mod limits;
mod nearest;
mod orchestrator_rule;
mod persistent_persona;
mod preset;
mod program_of;
mod program_path;
mod reader;
mod reading;
mod restart;
mod roster;
mod roster_error;
mod roster_warning;
mod runtime_section;
mod schema;
mod tmux_section;
mod yaml;

pub use agent::Agent;
pub use agent_env::AgentEnv;
pub use agent_settings::AgentSettings;
pub use class::{Class, InvalidClass};
pub use defaults::Defaults;
pub use drop_in::{DROP_IN, agent_drop_in, holder_drop_in};
pub use edit::{EditError, NewAgent, add_agent, remove_agent, set_value};
pub use limits::{CpuQuota, InvalidLimit, Limits, MemoryMax, TasksMax};
pub use mosaic_domain::{HolderSession, InvalidHolderSession};
pub use orchestrator_rule::OrchestratorRule;
pub use persistent_persona::PersistentPersona;
pub use preset::{Preset, UnknownPreset};
pub use program_of::program_of;
pub use program_path::program_path;
pub use restart::{InvalidRestart, Restart};
pub use roster::Roster;
pub use roster_error::{InvalidRoster, RosterError};
pub use roster_warning::RosterWarning;
pub use runtime_section::RuntimeSection;
pub use schema::{SCHEMA, json_schema};
pub use tmux_section::TmuxSection;
