//! The interface to the systemd user manager: units, jobs, enablement and linger.
//!
//! [`UserManager`] speaks D-Bus if the user has a bus and runs `systemctl --user` otherwise; both transports
//! return the same values. Every call has a deadline and releases its threads, descriptors and child
//! processes when the deadline has passed. This crate decides nothing: what a unit state means for an agent
//! is judged by `mosaic-probe`, and the contents of unit files belong to `mosaic-provision`.
//!
//! Two modules elsewhere query the manager without this crate, with a bounded `systemctl` or `busctl`: the
//! launcher's `systemd_service`, which attaches a process to its unit, and the sidecar's `unit_state`. The
//! launcher becomes the sidecar, and one sidecar runs per agent for weeks; D-Bus and an async runtime would
//! multiply its memory.

mod bus;
mod invocations;
mod jobs;
mod linger;
mod manager_address;
mod manager_error;
mod systemctl;
mod unit_directories;
mod unit_name;
mod unit_state;
mod user_manager;

pub use invocations::Invocations;
pub use jobs::{JobOutcome, Verb};
pub use linger::{Linger, LingerError, Logind, linger, set_linger};
pub use manager_address::ManagerAddress;
pub use manager_error::ManagerError;
pub use unit_directories::{NoUnitHome, UnitDirectories, UnitFileChange, UnitFileChangeKind, UnitLinks};
pub use unit_name::{InvalidUnitName, UnitName};
pub use unit_state::{ActiveState, LoadState, Unit, UnitDetail, UnitFailure};
pub use user_manager::UserManager;
