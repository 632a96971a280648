//! The user manager, by whichever way it can be reached.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::bus::{Bus, NoBus};
use crate::deadline;
use crate::systemctl::Systemctl;
use crate::{Change, JobOutcome, ManagerAddress, ManagerError, Unit, UnitDetail, UnitName, Verb};

/// A connection to the manager of a user's units.
///
/// While it is held and nothing is asked, one thread waits for what the bus may say; it ends with
/// the value. A connection that broke stays broken, and one whose manager has gone is not another's:
/// [`UserManager::units`] says so, and one connects again. What a manager that hangs was
/// asked for and we gave up, it may still do when it goes on.
#[derive(Debug)]
pub struct UserManager {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Bus(Bus),
    Systemctl(Systemctl),
}

impl UserManager {
    /// Finds the manager and hears that it answers. `limit` is the time for this, and for each
    /// later call.
    ///
    /// Where no bus leads to a manager, and there is a socket of its own, `systemctl` is used. A
    /// bus that is there and does not answer is an error: whoever else needs it hangs too.
    ///
    /// # Errors
    /// There is none, or it does not answer.
    pub fn connect(environment: &ManagerAddress, limit: Duration) -> Result<Self, ManagerError> {
        let deadline = deadline::after(limit);
        let mut tried = Vec::new();
        for address in environment.buses() {
            match Bus::connect(&address, limit, deadline) {
                Ok(bus) => return Ok(Self { way: Way::Bus(bus) }),
                Err(NoBus::Deadline) => return Err(ManagerError::Deadline { limit }),
                Err(NoBus::NotThere(why)) => tried.push(format!("{address}: {why}")),
                Err(NoBus::NoManager) => {}
            }
        }
        if environment.private_socket().is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            return Ok(Self { way: Way::Systemctl(Systemctl::connect(environment.clone(), limit, left)?) });
        }
        let tried = tried.join("; ");
        Err(if environment.has_bus() && !tried.is_empty() {
            ManagerError::Unreachable { why: tried }
        } else {
            ManagerError::Absent { why: environment.why_absent(&tried) }
        })
    }

    /// How it is reached, for a report: `D-Bus` or `systemctl`.
    #[must_use]
    pub fn way(&self) -> &'static str {
        match &self.way {
            Way::Bus(_) => "D-Bus",
            Way::Systemctl(_) => "systemctl",
        }
    }

    /// Its version, as it says it: `252.39-1~deb12u2`.
    ///
    /// # Errors
    /// As for every call: it does not answer in time, or not with what was asked for.
    #[allow(clippy::unnecessary_wraps, reason = "that it was told when connecting is our own business")]
    pub fn version(&self) -> Result<String, ManagerError> {
        Ok(match &self.way {
            Way::Bus(bus) => bus.version(),
            Way::Systemctl(systemctl) => systemctl.version(),
        })
    }

    /// The units that are loaded and match one of the patterns, in the order of their names.
    ///
    /// # Errors
    /// As for every call.
    pub fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let mut units = match &self.way {
            Way::Bus(bus) => bus.units(patterns),
            Way::Systemctl(systemctl) => systemctl.units(patterns),
        }?;
        units.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(units)
    }

    /// When the state of each last changed; those that never did are left out.
    ///
    /// # Errors
    /// As for every call.
    pub fn since(&self, units: &[&Unit]) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let names: Vec<&UnitName> = units.iter().map(|unit| &unit.name).collect();
        match &self.way {
            Way::Bus(bus) => bus.since(&names),
            Way::Systemctl(systemctl) => systemctl.since(&names),
        }
    }

    /// One unit, closely. A unit of which nobody has heard is `inactive`, as it is to systemd.
    ///
    /// # Errors
    /// As for every call.
    pub fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.describe(unit),
            Way::Systemctl(systemctl) => systemctl.describe(unit),
        }
    }

    /// Gives the manager a job for each unit, all before it waits for the first, and tells of each
    /// as it ends; `on_done` may ask this manager for more. The outcomes come back in the order of
    /// `units`.
    ///
    /// # Errors
    /// As for every call; also that the manager went away meanwhile. That `limit` passes is none:
    /// then the outcome is [`JobOutcome::TimedOutWaiting`].
    pub fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.run(verb, units, limit, on_done),
            Way::Systemctl(systemctl) => systemctl.run(verb, units, limit, on_done),
        }
    }

    /// Lets it read all unit files again.
    ///
    /// # Errors
    /// As for every call.
    pub fn reload(&self) -> Result<(), ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.reload(),
            Way::Systemctl(systemctl) => systemctl.reload(),
        }
    }

    /// Enables units, for good. [`reload`](Self::reload) afterwards.
    ///
    /// # Errors
    /// As for every call; also that a unit has no file.
    pub fn enable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.enable(units),
            Way::Systemctl(systemctl) => systemctl.enable(units),
        }
    }

    /// Disables units. It also works for those whose file is gone. [`reload`](Self::reload)
    /// afterwards.
    ///
    /// # Errors
    /// As for every call.
    pub fn disable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.disable(units),
            Way::Systemctl(systemctl) => systemctl.disable(units),
        }
    }

    /// Forgets that units have failed, and how often they were started. Those that the manager
    /// does not know have not failed.
    ///
    /// # Errors
    /// As for every call.
    pub fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        match &self.way {
            Way::Bus(bus) => bus.reset_failed(units),
            Way::Systemctl(systemctl) => systemctl.reset_failed(units),
        }
    }
}
