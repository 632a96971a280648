//! Installing: writes what a roster needs, and changes nothing that is up to date.
//!
//! [`Observed`] is the present state, [`DesiredState`] the state to reach, and [`plan`] computes the steps between them.

mod desired;
mod observed;
mod planner;
mod services;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_process::is_program;
use mosaic_roster::Roster;
use mosaic_systemd::{Linger, UnitName};

use crate::{Layout, Plan, ProvisionError};

pub use desired::{DesiredState, FileKind, GeneratedFile};
pub use observed::{LegacySidecar, Observed};
pub use planner::plan;

/// Which parts to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Everything,
    /// Units and drop-ins, enabled at boot.
    Units,
    /// The files of one agent of an existing installation.
    Agent(AgentName),
}

/// Facts about the host and about the process that installs.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// The directory of the running program, which contains the other programs too.
    pub programs: PathBuf,
    /// The `PATH` of the installing user.
    pub search_path: Option<OsString>,
    /// Why there is no user manager; `None` if there is one.
    pub no_manager: Option<String>,
    /// The enabled units.
    pub enabled: BTreeSet<UnitName>,
    /// The active units among the exporter and its socket.
    pub exporter: BTreeSet<UnitName>,
    /// Whether the user manager runs without a login session.
    pub linger: Linger,
}

/// Observes the installation and plans the steps that bring it up to date.
///
/// # Errors
/// A file cannot be read, a program to install is missing, or the fleet's home cannot be written into a unit.
pub fn prepare(layout: &Layout, roster: &Roster, scope: &Scope, host: &HostFacts) -> Result<Plan, ProvisionError> {
    let observed = Observed::read(layout, roster, host)?;
    let desired = DesiredState::new(layout, roster, scope, host, &observed, is_program)?;
    let mut plan = plan(layout, &observed, &desired, host);
    plan.notes.extend(noexec_note(&layout.tools()));
    Ok(plan)
}

/// A note if no program can be executed in the directory for the programs, which need not exist yet. The units would fail
/// at their next start, with status 203.
fn noexec_note(tools: &Path) -> Option<String> {
    let flags = tools.ancestors().find_map(|directory| rustix::fs::statvfs(directory).ok())?.f_flag;
    flags.contains(rustix::fs::StatVfsMountFlags::NOEXEC).then(|| {
        format!(
            "no program can be executed in {}, whose file system is mounted noexec: set MOSAIC_HOME to a directory of \
             another one",
            tools.display()
        )
    })
}

/// The directory of the running program. If it is the installed program, the path is that of the layout, which may
/// contain links.
///
/// # Errors
/// The path of the running program cannot be read.
pub fn programs_directory(layout: &Layout) -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let directory = program.parent().unwrap_or(Path::new("/")).to_owned();
    let is_installed = std::fs::canonicalize(layout.tools()).is_ok_and(|tools| tools == directory);
    Ok(if is_installed { layout.tools() } else { directory })
}
