//! The only code that talks to the user manager: units, jobs, enablement, linger.
//!
//! [`UserManager`] speaks D-Bus where there is a user bus, and runs `systemctl --user` where there
//! is none; callers need not know which. Every call has a deadline, and leaves nothing behind when
//! that has passed. What to do about a unit's state does not belong here, nor does what is in a
//! unit file.
//!
//! Two places elsewhere ask the manager by themselves, by a bounded `systemctl` and `busctl`: the
//! launcher's `systemd_service`, which attaches a process to its unit, and the sidecar's
//! `unit_state`. The launcher becomes the sidecar, of which there is one an agent for weeks, and
//! what it maps is what it costs: D-Bus and an async runtime are many times the whole program.

mod active_state;
mod bus;
mod change;
mod deadline;
mod invocation;
mod job_outcome;
mod jobs;
mod linger;
mod load_state;
mod manager_address;
mod manager_error;
mod object_path;
mod systemctl;
mod unit;
mod unit_detail;
mod unit_directories;
mod unit_links;
mod unit_name;
mod user_manager;
mod verb;

pub use active_state::ActiveState;
pub use change::{Change, ChangeKind};
pub use invocation::Invocations;
pub use job_outcome::JobOutcome;
pub use linger::{Linger, LingerError, Logind, linger, set_linger};
pub use load_state::LoadState;
pub use manager_address::ManagerAddress;
pub use manager_error::ManagerError;
pub use unit::Unit;
pub use unit_detail::UnitDetail;
pub use unit_directories::{NoUnitHome, UnitDirectories};
pub use unit_links::UnitLinks;
pub use unit_name::{InvalidUnitName, UnitName};
pub use user_manager::UserManager;
pub use verb::Verb;
