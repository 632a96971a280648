//! The calls of [`UserManager`](crate::UserManager) over D-Bus, except running jobs.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use jiff::Timestamp;
use mosaic_domain::Pid;
use zbus::Message;
use zbus::zvariant::Type;
use zbus::{ObjectPath, OwnedVariant};

use crate::bus::Bus;
use crate::bus::message::{self, Reply};
use crate::{ManagerError, Unit, UnitDetail, UnitFailure, UnitFileChange, UnitFileChangeKind, UnitName};

/// An element of the list that `ListUnitsByPatterns` returns.
type ListedUnit<'a> =
    (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, ObjectPath<'a>, u32, &'a str, ObjectPath<'a>);

impl Bus {
    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    pub(crate) fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let what = "list units";
        let states: &[&str] = &[];
        let answer = self.call(message::manager_call("ListUnitsByPatterns", &(states, patterns))?, what)?;
        if super::sender(&answer) != self.manager {
            return Err(ManagerError::unreachable("another manager has taken its place on the bus"));
        }
        let body = answer.body();
        let listed: Vec<ListedUnit<'_>> = body.deserialize().map_err(|error| ManagerError::refused(what, error))?;
        listed
            .into_iter()
            .map(|(name, _, load, active, sub, ..)| Unit::parse(name, load, active, sub.to_owned()))
            .collect()
    }

    pub(crate) fn state_change_times(
        &self,
        units: &[&UnitName],
    ) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let what = "list when units changed state";
        let requests: Vec<_> = units
            .iter()
            .map(|unit| message::get_property(unit, message::UNIT, "StateChangeTimestamp"))
            .collect::<Result<_, _>>()?;
        let mut times = BTreeMap::new();
        for (unit, reply) in units.iter().zip(self.call_all(&requests)?) {
            let microseconds: u64 =
                message::property_value(&reply.answer(what)?).map_err(|error| ManagerError::refused(what, error))?;
            times.extend(timestamp(microseconds).map(|timestamp| ((*unit).clone(), timestamp)));
        }
        Ok(times)
    }

    pub(crate) fn failures(&self, units: &[&UnitName]) -> Result<BTreeMap<UnitName, UnitFailure>, ManagerError> {
        let what = "list why units failed";
        let requests: Vec<_> = units
            .iter()
            .flat_map(|unit| {
                ["Result", "ExecMainCode", "ExecMainStatus"]
                    .map(|property| message::get_property(unit, message::SERVICE, property))
            })
            .collect::<Result<_, _>>()?;
        let refused = |error| ManagerError::refused(what, error);
        let mut replies = self.call_all(&requests)?.into_iter();
        let mut failures = BTreeMap::new();
        for unit in units {
            let mut answer = || replies.next().map(|reply| reply.answer(what)).transpose();
            let (Some(result), Some(code), Some(status)) = (answer()?, answer()?, answer()?) else { break };
            let result: String = message::property_value(&result).map_err(refused)?;
            let code: i32 = message::property_value(&code).map_err(refused)?;
            let status: i32 = message::property_value(&status).map_err(refused)?;
            let exec_main_status = UnitDetail::exit_verdict(code, status);
            failures.insert((*unit).clone(), UnitFailure { result, exec_main_status });
        }
        Ok(failures)
    }

    pub(crate) fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        let what = format!("describe {unit}");
        let requests =
            [message::get_all_properties(unit, message::UNIT)?, message::get_all_properties(unit, message::SERVICE)?];
        let mut all = HashMap::new();
        for reply in self.call_all(&requests)? {
            all.extend(read::<HashMap<String, OwnedVariant>>(&reply.answer(&what)?, &what)?);
        }
        let mut properties = Properties { all, what: &what };
        let (code, status): (i32, i32) = (properties.take("ExecMainCode")?, properties.take("ExecMainStatus")?);
        Ok(UnitDetail {
            active: properties
                .take::<String>("ActiveState")?
                .parse()
                .map_err(|state| ManagerError::unknown_state(unit, state))?,
            sub: properties.take("SubState")?,
            result: properties.take("Result")?,
            exec_main_status: UnitDetail::exit_verdict(code, status),
            n_restarts: properties.take("NRestarts")?,
            since: timestamp(properties.take("StateChangeTimestamp")?),
            main_pid: Pid::new(properties.take("MainPID")?),
            control_group: Some(properties.take::<String>("ControlGroup")?)
                .filter(|group| !group.is_empty())
                .map(PathBuf::from),
        })
    }

    pub(crate) fn reload(&self) -> Result<(), ManagerError> {
        self.call(message::manager_call("Reload", &())?, "reload unit files").map(drop)
    }

    pub(crate) fn enable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        let what = "enable units";
        let answer = self.call(message::manager_call("EnableUnitFiles", &(names(units), false, false))?, what)?;
        let (_, changes): (bool, Vec<(String, String, String)>) = read(&answer, what)?;
        Ok(changes.into_iter().map(unit_file_change).collect())
    }

    pub(crate) fn disable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        let what = "disable units";
        let answer = self.call(message::manager_call("DisableUnitFiles", &(names(units), false))?, what)?;
        let changes: Vec<(String, String, String)> = read(&answer, what)?;
        Ok(changes.into_iter().map(unit_file_change).collect())
    }

    pub(crate) fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        let requests: Vec<_> = units
            .iter()
            .map(|unit| message::manager_call("ResetFailedUnit", &(unit.as_str(),)))
            .collect::<Result<_, _>>()?;
        self.call_all(&requests)?.into_iter().try_for_each(|reply| match reply {
            Reply::Error(error_reply) if !error_reply.no_such_unit() => {
                Err(error_reply.into_error("reset failed units"))
            }
            Reply::Error(_) | Reply::Answer(_) => Ok(()),
        })
    }

    fn call(&self, request: Message, what: &str) -> Result<Message, ManagerError> {
        let reply = self.call_all(&[request])?.pop();
        reply.ok_or_else(|| ManagerError::refused(what, "no reply"))?.answer(what)
    }
}

struct Properties<'a> {
    all: HashMap<String, OwnedVariant>,
    what: &'a str,
}

impl Properties<'_> {
    fn take<T: TryFrom<OwnedVariant>>(&mut self, name: &str) -> Result<T, ManagerError> {
        let value = self.all.remove(name).and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| ManagerError::refused(self.what, format!("property {name} is missing or has another type")))
    }
}

fn read<T>(answer: &Message, what: &str) -> Result<T, ManagerError>
where
    T: serde::de::DeserializeOwned + Type,
{
    answer.body().deserialize().map_err(|error| ManagerError::refused(what, error))
}

fn names(units: &[UnitName]) -> Vec<&str> {
    units.iter().map(UnitName::as_str).collect()
}

fn unit_file_change((kind, path, target): (String, String, String)) -> UnitFileChange {
    let kind = match kind.as_str() {
        "symlink" => UnitFileChangeKind::Linked,
        "unlink" => UnitFileChangeKind::Unlinked,
        _ => UnitFileChangeKind::Notice(kind),
    };
    UnitFileChange {
        kind,
        path: path.into(),
        target: Some(target).filter(|target| !target.is_empty()).map(PathBuf::from),
    }
}

/// Converts a time of systemd's, which is 0 for an event that never happened.
fn timestamp(microseconds: u64) -> Option<Timestamp> {
    let microseconds = i64::try_from(microseconds).ok().filter(|&microseconds| microseconds > 0)?;
    Timestamp::from_microsecond(microseconds).ok()
}
