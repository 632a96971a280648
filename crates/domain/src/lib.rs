//! The words of a fleet as types that cannot hold nonsense: agent and socket names, the beat
//! interval, a process's identity, how a process ended, and the exit codes of every program.
//!
//! Here is no I/O and no clock: a value is parsed from what somebody else read. What reads `/proc`
//! is in `process`, what knows the heartbeat's format in `heartbeat`, what runs tmux in `tmux`.

mod agent_name;
mod beat_interval;
mod boot_id;
mod decimal_seconds;
mod exit_code;
mod exit_verdict;
mod holder_session;
mod mosaic_home;
mod process_identity;
mod program_places;
mod runtime_name;
mod socket_name;
mod word;

pub use agent_name::{AgentName, InvalidAgentName};
pub use beat_interval::{BeatInterval, InvalidBeatInterval};
pub use boot_id::{BootId, InvalidBootId};
pub use decimal_seconds::decimal_seconds;
pub use exit_code::ExitCode;
pub use exit_verdict::{ExitVerdict, InvalidExitVerdict};
pub use holder_session::{HolderSession, InvalidHolderSession};
pub use mosaic_home::{MosaicHome, NoHome};
pub use process_identity::{Pid, ProcessIdentity};
pub use program_places::{PROGRAM_PLACES_BELOW_HOME, PROGRAM_PLACES_OF_THE_SYSTEM, usual_directories};
pub use runtime_name::{InvalidRuntimeName, RuntimeName};
pub use socket_name::{InvalidSocketName, SocketName};
