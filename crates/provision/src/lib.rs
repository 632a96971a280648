//! What a fleet needs on disk and in the user manager: put there, and taken away again.
//!
//! Every command that changes an installation goes the same way: look (`seen`), decide (`plan`,
//! which is pure), do ([`execute`]). A [`Plan`] is a list of [`Step`]s, each of which leaves
//! everything consistent: whoever is killed between two of them, or finds the disk full, runs the
//! command again and goes on from there. [`FleetLock`] keeps two of them apart, and the [`Manifest`]
//! says what is ours to take away.
//!
//! What a roster or an env file says is in `roster`, starting and stopping in the command line's
//! own `lifecycle`.

mod agent_leftovers;
mod execute;
mod files;
mod fleet_lock;
mod found;
pub mod install;
mod layout;
mod manifest;
mod plan;
mod provision_error;
mod run_directory;
mod search_path;
mod step;
mod tool_fronts;
pub mod uninstall;
mod unit_files;

pub use agent_leftovers::AgentLeftovers;
pub use execute::{Executor, Performed, execute};
pub use files::replace_file;
pub use fleet_lock::FleetLock;
pub use found::Found;
pub use layout::Layout;
pub use manifest::Manifest;
pub use plan::Plan;
pub use provision_error::{ProvisionError, holder_name};
pub use run_directory::{RunFound, running_agents, runtime_place};
pub use search_path::{find_program, recordable};
pub use step::Step;
pub use tool_fronts::TOOL_FRONTS;
pub use unit_files::{GENERATED, PROGRAMS, UNIT_FILES, other_fleet};
