//! Installs and uninstalls a fleet: programs, units, env files, and what is enabled at boot.
//!
//! Every command that changes an installation observes the present state ([`install::Observed`],
//! [`uninstall::Observed`]), plans without side effects ([`install::plan`], [`uninstall::plan`]), and executes the
//! [`Plan`] ([`execute()`]). Every [`Step`] is idempotent and leaves a consistent state: after an interruption or a full
//! disk, running the command again resumes. The [`FleetLock`] serializes commands, and the [`Manifest`] records what an
//! uninstall has to remove.
//!
//! The content of rosters, env files and drop-ins comes from `roster`. Starting and stopping agents is the command
//! line's task.

mod execute;
mod files;
mod fleet_lock;
pub mod install;
mod layout;
mod manifest;
mod plan;
mod provision_error;
mod run_directory;
mod search_path;
mod shipped_files;
pub mod uninstall;

pub use execute::{Executor, StepOutcome, execute};
pub use files::{PathState, replace_file};
pub use fleet_lock::FleetLock;
pub use layout::Layout;
pub use manifest::Manifest;
pub use plan::{Plan, Step};
pub use provision_error::{ProvisionError, lock_holder};
pub use run_directory::{RunDirectoryState, running_agents, runtime_run_directory};
pub use search_path::recordable_directories;
pub use shipped_files::{COMPAT_SCRIPTS, GENERATED_HEADER, PROGRAMS, UNIT_FILES, other_fleet};
pub use uninstall::AgentFiles;
