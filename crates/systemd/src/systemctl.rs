//! The manager over its own socket, which only `systemctl` speaks: for hosts without a user bus, and
//! for when the bus is down.

mod output;
mod run;

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::Pid;
use mosaic_process::{BoundedError, bounded_output};

use crate::systemctl::output::Shown;
use crate::{Change, ManagerAddress, ManagerError, Unit, UnitDetail, UnitName};

/// `systemctl --user`, with a deadline.
#[derive(Clone, Debug)]
pub(crate) struct Systemctl {
    environment: ManagerAddress,
    limit: Duration,
    version: String,
}

impl Systemctl {
    /// Hears that the manager answers, within the time that is left.
    pub(crate) fn connect(environment: ManagerAddress, limit: Duration, left: Duration) -> Result<Self, ManagerError> {
        let first = Self { environment, limit: left, version: String::new() };
        let version = first.checked(&["show", "--property=Version", "--value"]).map_err(|error| match error {
            ManagerError::Deadline { .. } => ManagerError::Deadline { limit },
            other => other,
        })?;
        Ok(Self { limit, version: version.trim().to_owned(), ..first })
    }

    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    pub(crate) fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let options = ["list-units", "--all", "--full", "--plain", "--no-legend", "--"];
        output::units(&self.checked(&[&options, patterns].concat())?)
    }

    pub(crate) fn since(&self, units: &[&UnitName]) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let mut since = BTreeMap::new();
        // A command line has a limit too.
        for units in units.chunks(500) {
            let mut arguments = vec!["show", "--timestamp=us+utc", "--property=StateChangeTimestamp", "--"];
            arguments.extend(units.iter().map(|unit| unit.as_str()));
            let text = self.checked(&arguments)?;
            let shown = Shown::blocks(&text);
            if shown.len() != units.len() {
                return Err(ManagerError::refused("tell since when units are in their state", "some are missing"));
            }
            for (unit, shown) in units.iter().zip(shown) {
                since.extend(shown.timestamp("StateChangeTimestamp")?.map(|timestamp| ((*unit).clone(), timestamp)));
            }
        }
        Ok(since)
    }

    pub(crate) fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        const PROPERTIES: &str = "--property=ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,\
                                  StateChangeTimestamp,MainPID,ControlGroup";
        let text = self.checked(&["show", "--timestamp=us+utc", PROPERTIES, "--", unit.as_str()])?;
        let shown = Shown::block(&text);
        Ok(UnitDetail {
            active: shown.text("ActiveState")?.parse().map_err(|word| ManagerError::unknown_word(unit, word))?,
            sub: shown.text("SubState")?.to_owned(),
            result: shown.text("Result")?.to_owned(),
            exec_main_status: UnitDetail::verdict(shown.number("ExecMainCode")?, shown.number("ExecMainStatus")?),
            n_restarts: shown.number("NRestarts")?,
            since: shown.timestamp("StateChangeTimestamp")?,
            main_pid: Pid::new(shown.number("MainPID")?),
            control_group: Some(shown.text("ControlGroup")?).filter(|group| !group.is_empty()).map(Into::into),
        })
    }

    pub(crate) fn reload(&self) -> Result<(), ManagerError> {
        self.checked(&["daemon-reload"]).map(drop)
    }

    pub(crate) fn enable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        self.change("enable", units)
    }

    pub(crate) fn disable(&self, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        self.change("disable", units)
    }

    pub(crate) fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        if units.is_empty() {
            return Ok(());
        }
        let mut arguments = vec!["reset-failed", "--"];
        arguments.extend(units.iter().map(UnitName::as_str));
        let output = self.output(&arguments, self.limit)?;
        let complaints = complaints(&output);
        match complaints.lines().find(|line| !line.contains(" not loaded")) {
            Some(line) if !output.status.success() => Err(failure("forget that a unit has failed", line)),
            _ => Ok(()),
        }
    }

    fn change(&self, verb: &str, units: &[UnitName]) -> Result<Vec<Change>, ManagerError> {
        let mut arguments = vec![verb, "--no-reload", "--"];
        arguments.extend(units.iter().map(UnitName::as_str));
        let output = self.output(&arguments, self.limit)?;
        let said = complaints(&output);
        if !output.status.success() {
            return Err(failure(&format!("{verb} units"), &said));
        }
        Ok(said.lines().filter_map(output::change).collect())
    }

    /// What it prints, if it succeeds.
    fn checked(&self, arguments: &[&str]) -> Result<String, ManagerError> {
        let output = self.output(arguments, self.limit)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failure(&format!("systemctl {}", arguments.first().copied().unwrap_or_default()), &complaints(&output)))
    }

    fn output(&self, arguments: &[&str], limit: Duration) -> Result<Output, ManagerError> {
        let mut command = Command::new("systemctl");
        self.environment.apply(&mut command);
        // Its messages are read, and so are its times.
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").args(["--user", "--no-pager", "--no-ask-password"]);
        bounded_output(command.args(arguments), limit).map_err(|error| match error {
            BoundedError::Deadline(limit) => ManagerError::Deadline { limit },
            BoundedError::Start(error) => ManagerError::unreachable(format!("no user bus, and systemctl: {error}")),
            BoundedError::Read(error) => ManagerError::unreachable(format!("systemctl: {error}")),
        })
    }
}

fn failure(what: &str, said: &str) -> ManagerError {
    let said = said.trim();
    if output::says_unreachable(said) { ManagerError::unreachable(said) } else { ManagerError::refused(what, said) }
}

fn complaints(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
