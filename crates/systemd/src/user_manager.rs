//! The user manager, over D-Bus or through `systemctl`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::bus::{Bus, ConnectError};
use crate::manager_error::deadline_after;
use crate::systemctl::Systemctl;
use crate::{JobOutcome, ManagerAddress, ManagerError, Unit, UnitDetail, UnitFailure, UnitFileChange, UnitName, Verb};

/// A connection to the manager of a user's units.
///
/// An open connection keeps one thread that waits for messages of the bus; it ends with this value. A broken
/// connection stays broken, and a connection never switches to another manager: [`UserManager::units`] then
/// returns an error, and the caller connects again. A hung manager may still execute calls that have timed out
/// once it continues.
#[derive(Debug)]
pub struct UserManager {
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Bus(Bus),
    Systemctl(Systemctl),
}

impl UserManager {
    /// Connects to the manager and waits for an answer. `limit` is the time limit of this call and of each later
    /// call.
    ///
    /// If no bus has a manager but the manager's private socket exists, `systemctl` is used. A bus that does not
    /// answer is an error, because every other user of it hangs too.
    ///
    /// # Errors
    /// The user has no manager, or it cannot be reached or does not answer in time.
    pub fn connect(address: &ManagerAddress, limit: Duration) -> Result<Self, ManagerError> {
        let deadline = deadline_after(limit);
        let mut tried = Vec::new();
        for bus_address in address.bus_addresses() {
            match Bus::connect(&bus_address, limit, deadline) {
                Ok(bus) => return Ok(Self { transport: Transport::Bus(bus) }),
                Err(ConnectError::Deadline) => return Err(ManagerError::Deadline { limit }),
                Err(ConnectError::Unreachable(why)) => tried.push(format!("{bus_address}: {why}")),
                Err(ConnectError::NoManager) => {}
            }
        }
        if address.private_socket().is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            return Ok(Self { transport: Transport::Systemctl(Systemctl::connect(address.clone(), limit, left)?) });
        }
        let tried = tried.join("; ");
        Err(if address.has_bus() && !tried.is_empty() {
            ManagerError::Unreachable { why: tried }
        } else {
            ManagerError::Absent { why: address.absence_reason(&tried) }
        })
    }

    /// The transport, as reports name it: `D-Bus` or `systemctl`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        match &self.transport {
            Transport::Bus(_) => "D-Bus",
            Transport::Systemctl(_) => "systemctl",
        }
    }

    /// The manager's version string: `252.39-1~deb12u2`.
    ///
    /// # Errors
    /// As for every call: the manager cannot be reached, does not answer in time, or refuses.
    #[allow(clippy::unnecessary_wraps, reason = "callers should not rely on the version being read at connect time")]
    pub fn version(&self) -> Result<String, ManagerError> {
        Ok(match &self.transport {
            Transport::Bus(bus) => bus.version(),
            Transport::Systemctl(systemctl) => systemctl.version(),
        })
    }

    /// The loaded units whose names match one of the patterns, sorted by name.
    ///
    /// # Errors
    /// As for every call.
    pub fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let mut units = match &self.transport {
            Transport::Bus(bus) => bus.units(patterns),
            Transport::Systemctl(systemctl) => systemctl.units(patterns),
        }?;
        units.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(units)
    }

    /// When the state of each unit last changed. Units whose state never changed are left out.
    ///
    /// # Errors
    /// As for every call.
    pub fn state_change_times(&self, units: &[&Unit]) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let names: Vec<&UnitName> = units.iter().map(|unit| &unit.name).collect();
        match &self.transport {
            Transport::Bus(bus) => bus.state_change_times(&names),
            Transport::Systemctl(systemctl) => systemctl.state_change_times(&names),
        }
    }

    /// Why these units failed.
    ///
    /// # Errors
    /// As for every call.
    pub fn failures(&self, units: &[&UnitName]) -> Result<BTreeMap<UnitName, UnitFailure>, ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.failures(units),
            Transport::Systemctl(systemctl) => systemctl.failures(units),
        }
    }

    /// The properties of one unit. A unit that does not exist is `inactive`, as it is for systemd.
    ///
    /// # Errors
    /// As for every call.
    pub fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.describe(unit),
            Transport::Systemctl(systemctl) => systemctl.describe(unit),
        }
    }

    /// Queues a job for each unit, all before it waits for the first, and calls `on_done` for each as it ends.
    /// `on_done` may call this manager. The outcomes are in the order of `units`.
    ///
    /// # Errors
    /// As for every call; also that the manager exits before the jobs end. When `limit` passes, the outcome of the
    /// remaining jobs is [`JobOutcome::TimedOutWaiting`], which is no error.
    pub fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.run(verb, units, limit, on_done),
            Transport::Systemctl(systemctl) => systemctl.run(verb, units, limit, on_done),
        }
    }

    /// Makes the manager reload all unit files.
    ///
    /// # Errors
    /// As for every call.
    pub fn reload(&self) -> Result<(), ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.reload(),
            Transport::Systemctl(systemctl) => systemctl.reload(),
        }
    }

    /// Enables units persistently. Call [`reload`](Self::reload) afterwards.
    ///
    /// # Errors
    /// As for every call; also that a unit has no unit file.
    pub fn enable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.enable(units),
            Transport::Systemctl(systemctl) => systemctl.enable(units),
        }
    }

    /// Disables units, including those whose unit file was removed. Call [`reload`](Self::reload) afterwards.
    ///
    /// # Errors
    /// As for every call.
    pub fn disable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.disable(units),
            Transport::Systemctl(systemctl) => systemctl.disable(units),
        }
    }

    /// Resets the failed state and the restart counter of units. Units that are not loaded are ignored.
    ///
    /// # Errors
    /// As for every call.
    pub fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        match &self.transport {
            Transport::Bus(bus) => bus.reset_failed(units),
            Transport::Systemctl(systemctl) => systemctl.reset_failed(units),
        }
    }
}
