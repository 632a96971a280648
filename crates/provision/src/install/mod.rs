//! Puts everything that a roster needs in its place, and changes nothing that is there already.
//!
//! [`Seen`] is what was found, [`Wanted`] what there should be, and [`plan`] the difference.

mod agent_env;
mod draft;
mod exporter_change;
mod old_sidecars;
mod outbox_change;
mod plan;
mod seen;
mod start_at_boot;
mod switched_off;
mod text_file;
mod wanted;
mod wanted_file;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_process::is_program;
use mosaic_roster::Roster;
use mosaic_systemd::{Linger, UnitName};

use crate::{Layout, Plan, ProvisionError};

pub use old_sidecars::OldSidecar;
pub use plan::plan;
pub use seen::Seen;
pub use wanted::Wanted;
pub use wanted_file::{FileKind, WantedFile};

/// How much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Units, drop-ins, what starts at boot.
    Units,
    /// What one agent needs, where everything else is installed.
    Agent(AgentName),
}

/// What is known of the host and of the command that installs.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The directory of the running program, with the other programs beside it.
    pub programs: PathBuf,
    /// The `PATH` of whoever installs.
    pub search_path: Option<OsString>,
    /// Why there is no user manager; nothing where there is one.
    pub no_manager: Option<String>,
    /// The units that start at boot.
    pub enabled: BTreeSet<UnitName>,
    /// The exporter and its socket, as far as they run.
    pub exporter: BTreeSet<UnitName>,
    /// Whether the manager runs without a login.
    pub linger: Linger,
}

/// Looks, and decides what to do.
///
/// # Errors
/// Something cannot be read, or something needed is not there.
pub fn prepare(
    layout: &Layout,
    roster: &Roster,
    scope: &Scope,
    surroundings: &Surroundings,
) -> Result<Plan, ProvisionError> {
    let seen = Seen::look(layout, roster, surroundings)?;
    let wanted = Wanted::of(layout, roster, scope, surroundings, &seen, is_program)?;
    Ok(plan(layout, &seen, &wanted, surroundings))
}

/// The directory of the running program, and by the name that the layout has for it if it is the
/// installed one.
///
/// # Errors
/// The system does not say where the running program is.
pub fn programs_directory(layout: &Layout) -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let directory = program.parent().unwrap_or(Path::new("/")).to_owned();
    let is_installed = std::fs::canonicalize(layout.tools()).is_ok_and(|tools| tools == directory);
    Ok(if is_installed { layout.tools() } else { directory })
}
