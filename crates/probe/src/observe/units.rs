//! Reads the units of a fleet: their states from the user manager, and their files from the unit directories.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_process::FileFingerprint;
use mosaic_systemd::{
    ActiveState, Invocations, Linger, ManagerError, Unit, UnitDirectories, UnitLinks, UnitName, UserManager,
};

use super::{UnitFiles, Units};
use crate::target::Target;

/// What was read from the user manager and its directories.
#[derive(Debug)]
pub(super) struct ObservedUnits {
    pub(super) units: Result<Units, String>,
    pub(super) manager_absent: bool,
    pub(super) unit_files: Result<UnitFiles, String>,
    pub(super) linger: Linger,
}

/// The cache between observations: the connection to the manager, and the links in the unit directories.
#[derive(Debug, Default)]
pub(super) struct UnitCache {
    connection: Option<Connection>,
    invocations: Option<Invocations>,
    links: Option<Arc<UnitLinks>>,
}

/// A connection that worked, with the mark of the bus socket at that time.
#[derive(Debug)]
struct Connection {
    manager: UserManager,
    bus: Option<FileFingerprint>,
    limit: Duration,
}

impl UnitCache {
    pub(super) fn read(&mut self, target: &Target) -> ObservedUnits {
        let units = self.query(target);
        ObservedUnits {
            manager_absent: matches!(units, Err(ManagerError::Absent { .. })),
            units: units.map_err(|error| error.to_string()),
            unit_files: self.unit_files(target.unit_directories.as_ref()),
            linger: target.logind.linger(&target.user).unwrap_or(Linger::NoLogind),
        }
    }

    /// Queries the manager over the existing connection, or over a new one if that is broken.
    fn query(&mut self, target: &Target) -> Result<Units, ManagerError> {
        let begun = Instant::now();
        let limit = super::own_limit(target);
        let bus = target.manager.bus_mark();
        let is_same_bus = |before: Option<FileFingerprint>| match (before, bus) {
            (Some(before), Some(now)) => before.still_matches(&now),
            (before, now) => before.is_none() && now.is_none(),
        };
        // A connection keeps the time limit with which it was made.
        let kept = self.connection.take().filter(|kept| is_same_bus(kept.bus) && kept.limit == limit);
        if let Some(Connection { manager, .. }) = kept {
            match self.query_over(&manager, target) {
                Err(ManagerError::Unreachable { .. }) => {}
                Ok(units) => {
                    self.connection = Some(Connection { manager, bus, limit });
                    return Ok(units);
                }
                Err(error) => return Err(error),
            }
        }
        // Another manager may have another runtime directory mounted, with inode numbers of its own.
        self.invocations = None;
        let manager = UserManager::connect(&target.manager, limit.saturating_sub(begun.elapsed()))?;
        let units = self.query_over(&manager, target)?;
        self.connection = Some(Connection { manager, bus, limit });
        Ok(units)
    }

    fn query_over(&mut self, manager: &UserManager, target: &Target) -> Result<Units, ManagerError> {
        let others = [UnitName::holder(), UnitName::exporter_socket(), UnitName::exporter()];
        let [holder, exporter_socket, exporter] = others.each_ref().map(UnitName::as_str);
        let listed = manager.units(&[UnitName::AGENTS, holder, exporter_socket, exporter])?;
        if self.invocations.is_none() {
            self.invocations = Invocations::new(&target.manager);
        }
        if let Some(invocations) = &mut self.invocations {
            invocations.refresh();
        }
        let since = state_change_times(manager, self.invocations.as_ref(), &listed)?;
        // Only a service has a process that can tell why. The exporter's socket has none.
        let socket = UnitName::exporter_socket();
        let failed = listed.iter().filter(|unit| unit.active == ActiveState::Failed && unit.name != socket);
        let failed: Vec<&UnitName> = failed.map(|unit| &unit.name).collect();
        let failures = if failed.is_empty() { BTreeMap::new() } else { manager.failures(&failed)? };
        let version = manager.version()?;
        let loaded = listed.into_iter().map(|unit| (unit.name.clone(), unit)).collect();
        Ok(Units { loaded, since, failures, version })
    }

    fn unit_files(&mut self, directories: Option<&UnitDirectories>) -> Result<UnitFiles, String> {
        let directories = directories.ok_or("HOME is not set, so the unit directories are unknown")?;
        let links = match self.links.take().filter(|links| links.is_current()) {
            Some(links) => links,
            None => Arc::new(directories.links().map_err(|error| error.to_string())?),
        };
        self.links = Some(Arc::clone(&links));
        Ok(UnitFiles { links, template_installed: directories.is_installed(UnitName::AGENT_TEMPLATE) })
    }
}

/// When each unit entered its state. The start times of active units, usually all, are read from the disk; the
/// manager is only asked about the others, because asking it about a thousand units would take longer than
/// everything else.
fn state_change_times(
    manager: &UserManager,
    invocations: Option<&Invocations>,
    units: &[Unit],
) -> Result<HashMap<UnitName, Timestamp>, ManagerError> {
    let mut since = HashMap::with_capacity(units.len());
    let mut others = Vec::new();
    for unit in units {
        let is_active = unit.active == ActiveState::Active;
        match invocations.filter(|_| is_active).and_then(|invocations| invocations.started_at(&unit.name)) {
            Some(started_at) => drop(since.insert(unit.name.clone(), started_at)),
            None => others.push(unit),
        }
    }
    if !others.is_empty() {
        since.extend(manager.state_change_times(&others)?);
    }
    Ok(since)
}
