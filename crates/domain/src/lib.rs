//! The vocabulary of a fleet as validated types: names, heartbeat intervals, process identities, exit
//! verdicts, paths and environment variables.
//!
//! This crate does no I/O and reads no clock. Its values are parsed from what other crates read:
//! `mosaic-process` reads `/proc`, `mosaic-heartbeat` knows the format of heartbeats, and `mosaic-tmux` runs
//! tmux.

pub mod env_var;
mod exit_verdict;
mod fleet_paths;
mod heartbeat_interval;
mod names;
mod process_identity;

pub use exit_verdict::{ExitVerdict, InvalidExitVerdict};
pub use fleet_paths::{
    FleetPaths, MosaicHome, NoHome, SYSTEM_PROGRAM_DIRECTORIES, USER_PROGRAM_DIRECTORIES, default_program_directories,
};
pub use heartbeat_interval::{HeartbeatInterval, InvalidHeartbeatInterval, decimal_seconds, parse_decimal_seconds};
pub use names::{
    AgentName, HolderSession, InvalidAgentName, InvalidHolderSession, InvalidRuntimeName, InvalidSocketName,
    RuntimeName, SocketName,
};
pub use process_identity::{BootId, InvalidBootId, Pid, ProcessIdentity};
