//! What can be typed: the tree of commands, and what their words may be. A command's own arguments
//! are with the command; what it does does not belong here.

mod agent_group;
mod fleet_group;
mod invocation;
mod json;
mod key;
mod lifetime;
mod named_agents;
mod places;
mod program;
mod seconds;
#[cfg(test)]
mod tests;

pub(crate) use agent_group::{AgentCommand, AgentGroup};
pub(crate) use fleet_group::{FleetCommand, FleetGroup};
pub(crate) use invocation::{parse, report};
pub(crate) use json::Json;
pub(crate) use key::Key;
pub(crate) use lifetime::Lifetime;
pub(crate) use named_agents::{NamedAgent, NamedAgents, check_agent};
pub(crate) use places::Places;
pub(crate) use program::{Command, Mosaic, command_names};
pub(crate) use seconds::Seconds;
