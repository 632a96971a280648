//! The units of a fleet: as the manager lists them, and as they are installed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use systemd::{ActiveState, Invocations, Linger, ManagerError, Unit, UnitName, UserManager};

use super::{Target, UnitFiles, Units};

/// What the user manager says, and what its directories hold.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) units: Result<Units, String>,
    pub(super) manager_absent: bool,
    pub(super) unit_files: Result<UnitFiles, String>,
    pub(super) linger: Linger,
}

pub(super) fn look(target: &Target) -> Looked {
    let asked =
        UserManager::connect(&target.manager, super::own_limit(target)).and_then(|manager| ask(&manager, target));
    Looked {
        manager_absent: matches!(asked, Err(ManagerError::Absent { .. })),
        units: asked.map_err(|error| error.to_string()),
        unit_files: unit_files(target),
        linger: target.logind.linger(&target.user).unwrap_or(Linger::NoLogind),
    }
}

fn ask(manager: &UserManager, target: &Target) -> Result<Units, ManagerError> {
    let holder = UnitName::holder();
    let listed = manager.units(&[UnitName::AGENTS, holder.as_str()])?;
    let since = since(manager, Invocations::of(&target.manager).as_ref(), &listed)?;
    Ok(Units { loaded: listed.into_iter().map(|unit| (unit.name.clone(), unit)).collect(), since })
}

/// Units that run, which mostly are all, have their start's moment on the disk; the manager is only
/// asked about the others. It would take longer to tell that of a thousand units than all else takes.
fn since(
    manager: &UserManager,
    invocations: Option<&Invocations>,
    units: &[Unit],
) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
    let mut since = BTreeMap::new();
    let mut others = Vec::new();
    for unit in units {
        let runs = unit.active == ActiveState::Active;
        match invocations.filter(|_| runs).and_then(|invocations| invocations.began(&unit.name)) {
            Some(began) => drop(since.insert(unit.name.clone(), began)),
            None => others.push(unit),
        }
    }
    if !others.is_empty() {
        since.extend(manager.since(&others)?);
    }
    Ok(since)
}

fn unit_files(target: &Target) -> Result<UnitFiles, String> {
    let directories = target.unit_directories.as_ref().ok_or("HOME is not set, so nobody knows where units are")?;
    let failed = |error: std::io::Error| error.to_string();
    Ok(UnitFiles {
        enabled: directories.enabled().map_err(failed)?,
        template_installed: directories.template_installed(UnitName::AGENT_TEMPLATE),
        masked: directories.masked().map_err(failed)?,
    })
}
