//! The calls, but for jobs.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use jiff::Timestamp;
use mosaic_domain::Pid;
use zbus::Message;
use zbus::zvariant::Type;
use zbus::{ObjectPath, OwnedVariant};

use crate::bus::reply::{self, Reply};
use crate::bus::{Bus, requests};
use crate::{Change, ChangeKind, ManagerError, Unit, UnitDetail, UnitName};

/// An element of what `ListUnitsByPatterns` returns.
type Listed<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, ObjectPath<'a>, u32, &'a str, ObjectPath<'a>);

impl Bus {
    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    pub(crate) fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let what = "list units";
        let states: &[&str] = &[];
        let answer = self.one(requests::manager("ListUnitsByPatterns", &(states, patterns))?, what)?;
        if super::sender(&answer) != self.manager {
            return Err(ManagerError::unreachable("another manager has taken its place"));
        }
        let body = answer.body();
        let listed: Vec<Listed<'_>> = body.deserialize().map_err(|error| ManagerError::refused(what, error))?;
        listed
            .into_iter()
            .map(|(name, _, load, active, sub, ..)| Unit::read(name, load, active, sub.to_owned()))
            .collect()
    }

    pub(crate) fn since(&self, units: &[&UnitName]) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let what = "tell since when units are in their state";
        let requests: Vec<_> = units
            .iter()
            .map(|unit| requests::property(unit, requests::UNIT, "StateChangeTimestamp"))
            .collect::<Result<_, _>>()?;
        let mut since = BTreeMap::new();
        for (unit, reply) in units.iter().zip(self.ask(&requests)?) {
            let microseconds: u64 =
                reply::property(&reply.answer(what)?).map_err(|error| ManagerError::refused(what, error))?;
            since.extend(timestamp(microseconds).map(|timestamp| ((*unit).clone(), timestamp)));
        }
        Ok(since)
    }

    pub(crate) fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        let what = format!("describe {unit}");
        let requests = [requests::properties(unit, requests::UNIT)?, requests::properties(unit, requests::SERVICE)?];
        let mut all = HashMap::new();
        for reply in self.ask(&requests)? {
            all.extend(read::<HashMap<String, OwnedVariant>>(&reply.answer(&what)?, &what)?);
        }
        let mut properties = Properties { all, what: &what };
        let (code, status): (i32, i32) = (properties.take("ExecMainCode")?, properties.take("ExecMainStatus")?);
        Ok(UnitDetail {
            active: properties
                .take::<String>("ActiveState")?
                .parse()
                .map_err(|word| ManagerError::unknown_word(unit, word))?,
            sub: properties.take("SubState")?,
            result: properties.take("Result")?,
            exec_main_status: UnitDetail::verdict(code, status),
            n_restarts: properties.take("NRestarts")?,
            since: timestamp(properties.take("StateChangeTimestamp")?),
            main_pid: Pid::new(properties.take("MainPID")?),
            control_group: Some(properties.take::<String>("ControlGroup")?)
                .filter(|group| !group.is_empty())
                .map(PathBuf::from),
        })
    }

    pub(crate) fn reload(&self) -> Result<(), ManagerError> {
        self.one(requests::manager("Reload", &())?, "read its unit files again").map(drop)
    }

    pub(crate) fn enable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        let what = "enable units";
        let answer = self.one(requests::manager("EnableUnitFiles", &(names(units), false, false))?, what)?;
        let (_, changes): (bool, Vec<(String, String, String)>) = read(&answer, what)?;
        Ok(changes.into_iter().map(change).collect())
    }

    pub(crate) fn disable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        let what = "disable units";
        let answer = self.one(requests::manager("DisableUnitFiles", &(names(units), false))?, what)?;
        let changes: Vec<(String, String, String)> = read(&answer, what)?;
        Ok(changes.into_iter().map(change).collect())
    }

    pub(crate) fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        let requests: Vec<_> = units
            .iter()
            .map(|unit| requests::manager("ResetFailedUnit", &(unit.as_str(),)))
            .collect::<Result<_, _>>()?;
        self.ask(&requests)?.into_iter().try_for_each(|reply| match reply {
            Reply::Refused(refusal) if !refusal.no_such_unit() => {
                Err(refusal.into_error("forget that a unit has failed"))
            }
            Reply::Refused(_) | Reply::Answer(_) => Ok(()),
        })
    }

    fn one(&self, request: Message, what: &str) -> Result<Message, ManagerError> {
        let reply = self.ask(&[request])?.pop();
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
        value.ok_or_else(|| ManagerError::refused(self.what, format!("it does not tell {name}, or not as expected")))
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

fn change((kind, path, target): (String, String, String)) -> Change {
    let kind = match kind.as_str() {
        "symlink" => ChangeKind::Linked,
        "unlink" => ChangeKind::Unlinked,
        _ => ChangeKind::Notice(kind),
    };
    Change { kind, path: path.into(), target: Some(target).filter(|target| !target.is_empty()).map(PathBuf::from) }
}

/// systemd has 0 for what never was.
fn timestamp(microseconds: u64) -> Option<Timestamp> {
    let microseconds = i64::try_from(microseconds).ok().filter(|&microseconds| microseconds > 0)?;
    Timestamp::from_microsecond(microseconds).ok()
}
