//! Updates the programs that agents run, and relaunches the agents that still run an old version.
//!
//! ```text
//! update
//!   select      names → agents → the program that each agent's command runs      selection, program
//!   update      version, the program's own updater, version again               program_update
//!   relaunch    one agent after the other                                       relauncher
//!                 version    did its process start before the program changed?  agent_observation, pure
//!                 drain      wait until it is idle, then hold its messages       drain, idleness (pure)
//!                 restart    by mosaic_lifecycle; up, and still up 3 s later
//! ```
//!
//! The first failure ends the update. Its state on disk is complete at every point, so that the same
//! command continues where an interrupted one stopped.
//!
//! Progress goes to the caller's [`UpdateReporter`]. Nothing here prints or chooses an exit code.

mod agent_observation;
mod drain;
mod idleness;
mod installation;
mod interrupt;
mod program;
mod program_update;
mod program_version;
mod relauncher;
mod report;
mod run;
mod runtime_program;
mod selection;
mod update_error;
mod update_state;
mod updater_command;

pub use report::{
    AgentOutcome, AgentReport, ProgramOutcome, ProgramReport, UpdateEvent, UpdateReport, UpdateReporter, Verdict,
};
pub use run::{UpdateMode, UpdateRequest, update};
pub use update_error::UpdateError;
