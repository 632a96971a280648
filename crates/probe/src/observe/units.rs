//! The units of a fleet: as the manager lists them, and as they are installed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_process::FileFingerprint;
use mosaic_systemd::{
    ActiveState, Invocations, Linger, ManagerError, Unit, UnitDirectories, UnitLinks, UnitName, UserManager,
};

use super::{Target, UnitFiles, Units};

/// What the user manager says, and what its directories hold.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) units: Result<Units, String>,
    pub(super) manager_absent: bool,
    pub(super) unit_files: Result<UnitFiles, String>,
    pub(super) linger: Linger,
}

/// The connection to the manager, and what its directories held.
#[derive(Debug, Default)]
pub(super) struct UnitMemory {
    connection: Option<Connection>,
    invocations: Option<Invocations>,
    links: Option<Arc<UnitLinks>>,
}

/// A connection that worked, by the socket that was there then.
#[derive(Debug)]
struct Connection {
    manager: UserManager,
    bus: Option<FileFingerprint>,
    limit: Duration,
}

impl UnitMemory {
    pub(super) fn look(&mut self, target: &Target) -> Looked {
        let asked = self.ask(target);
        Looked {
            manager_absent: matches!(asked, Err(ManagerError::Absent { .. })),
            units: asked.map_err(|error| error.to_string()),
            unit_files: self.unit_files(target.unit_directories.as_ref()),
            linger: target.logind.linger(&target.user).unwrap_or(Linger::NoLogind),
        }
    }

    /// By the connection that is there; by a new one, if that has broken since.
    fn ask(&mut self, target: &Target) -> Result<Units, ManagerError> {
        let begun = Instant::now();
        let limit = super::own_limit(target);
        let bus = target.manager.mark();
        let same = |before: Option<FileFingerprint>| match (before, bus) {
            (Some(before), Some(now)) => before.still_matches(&now),
            (before, now) => before.is_none() && now.is_none(),
        };
        // Its patience is that of the look that made it.
        let kept = self.connection.take().filter(|kept| same(kept.bus) && kept.limit == limit);
        if let Some(Connection { manager, .. }) = kept {
            match self.ask_by(&manager, target) {
                Err(ManagerError::Unreachable { .. }) => {}
                Ok(units) => {
                    self.connection = Some(Connection { manager, bus, limit });
                    return Ok(units);
                }
                Err(error) => return Err(error),
            }
        }
        // Another manager may have another runtime directory mounted, in which files are counted anew.
        self.invocations = None;
        let manager = UserManager::connect(&target.manager, limit.saturating_sub(begun.elapsed()))?;
        let units = self.ask_by(&manager, target)?;
        self.connection = Some(Connection { manager, bus, limit });
        Ok(units)
    }

    fn ask_by(&mut self, manager: &UserManager, target: &Target) -> Result<Units, ManagerError> {
        let holder = UnitName::holder();
        let listed = manager.units(&[UnitName::AGENTS, holder.as_str()])?;
        if self.invocations.is_none() {
            self.invocations = Invocations::of(&target.manager);
        }
        if let Some(invocations) = &mut self.invocations {
            invocations.list();
        }
        let since = since(manager, self.invocations.as_ref(), &listed)?;
        let version = manager.version()?;
        Ok(Units { loaded: listed.into_iter().map(|unit| (unit.name.clone(), unit)).collect(), since, version })
    }

    fn unit_files(&mut self, directories: Option<&UnitDirectories>) -> Result<UnitFiles, String> {
        let directories = directories.ok_or("HOME is not set, so nobody knows where units are")?;
        let links = match self.links.take().filter(|links| links.still_hold()) {
            Some(links) => links,
            None => Arc::new(directories.links().map_err(|error| error.to_string())?),
        };
        self.links = Some(Arc::clone(&links));
        Ok(UnitFiles { links, template_installed: directories.template_installed(UnitName::AGENT_TEMPLATE) })
    }
}

/// Units that run, which mostly are all, have their start's moment on the disk; the manager is only
/// asked about the others. It would take longer to tell that of a thousand units than all else takes.
fn since(
    manager: &UserManager,
    invocations: Option<&Invocations>,
    units: &[Unit],
) -> Result<HashMap<UnitName, Timestamp>, ManagerError> {
    let mut since = HashMap::with_capacity(units.len());
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
