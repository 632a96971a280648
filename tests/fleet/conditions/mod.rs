//! The condition of an agent follows from the observed sources alone. Each test brings about one state of the agent, its
//! sidecar, its files, tmux, the bus or the manager.
//!
//! In every state `ps` and `verify` answer in the shipped form.

mod agent_conditions;
mod expected;
mod heartbeat_conditions;
mod source_outages;
