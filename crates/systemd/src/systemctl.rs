//! The user manager through `systemctl`, which connects to the manager's own socket.
//!
//! This transport serves hosts without a user bus, and hosts whose bus is down.

mod output;

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::Pid;
use mosaic_process::{BoundedError, bounded_output, thread_error};

use crate::manager_error::deadline_after;
use crate::systemctl::output::UnitProperties;
use crate::{JobOutcome, ManagerAddress, ManagerError, Unit, UnitDetail, UnitFailure, UnitFileChange, UnitName, Verb};

/// How many `systemctl` processes wait for jobs at the same time.
const MAX_CHILDREN: usize = 16;

/// Runs `systemctl --user` with a deadline.
#[derive(Clone, Debug)]
pub(crate) struct Systemctl {
    address: ManagerAddress,
    limit: Duration,
    version: String,
}

impl Systemctl {
    /// Waits for an answer of the manager, within the time that is left.
    pub(crate) fn connect(address: ManagerAddress, limit: Duration, left: Duration) -> Result<Self, ManagerError> {
        let probe = Self { address, limit: left, version: String::new() };
        let version = probe.checked(&["show", "--property=Version", "--value"]).map_err(|error| match error {
            ManagerError::Deadline { .. } => ManagerError::Deadline { limit },
            other => other,
        })?;
        Ok(Self { limit, version: version.trim().to_owned(), ..probe })
    }

    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    pub(crate) fn units(&self, patterns: &[&str]) -> Result<Vec<Unit>, ManagerError> {
        let options = ["list-units", "--all", "--full", "--plain", "--no-legend", "--"];
        output::units(&self.checked(&[&options, patterns].concat())?)
    }

    pub(crate) fn state_change_times(
        &self,
        units: &[&UnitName],
    ) -> Result<BTreeMap<UnitName, Timestamp>, ManagerError> {
        let mut times = BTreeMap::new();
        // The length of a command line is limited.
        for units in units.chunks(500) {
            let mut arguments = vec!["show", "--timestamp=us+utc", "--property=StateChangeTimestamp", "--"];
            arguments.extend(units.iter().map(|unit| unit.as_str()));
            let text = self.checked(&arguments)?;
            let properties = UnitProperties::parse_blocks(&text);
            if properties.len() != units.len() {
                return Err(ManagerError::refused("list when units changed state", "some units are missing"));
            }
            for (unit, properties) in units.iter().zip(properties) {
                times.extend(
                    properties.timestamp("StateChangeTimestamp")?.map(|timestamp| ((*unit).clone(), timestamp)),
                );
            }
        }
        Ok(times)
    }

    pub(crate) fn failures(&self, units: &[&UnitName]) -> Result<BTreeMap<UnitName, UnitFailure>, ManagerError> {
        let mut failures = BTreeMap::new();
        // The length of a command line is limited.
        for units in units.chunks(500) {
            let mut arguments = vec!["show", "--property=Result,ExecMainCode,ExecMainStatus", "--"];
            arguments.extend(units.iter().map(|unit| unit.as_str()));
            let text = self.checked(&arguments)?;
            for (unit, properties) in units.iter().zip(UnitProperties::parse_blocks(&text)) {
                let (code, status) = (properties.number("ExecMainCode")?, properties.number("ExecMainStatus")?);
                let exec_main_status = UnitDetail::exit_verdict(code, status);
                let result = properties.text("Result")?.to_owned();
                failures.insert((*unit).clone(), UnitFailure { result, exec_main_status });
            }
        }
        Ok(failures)
    }

    pub(crate) fn describe(&self, unit: &UnitName) -> Result<UnitDetail, ManagerError> {
        const PROPERTIES: &str = "--property=ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,\
                                  StateChangeTimestamp,MainPID,ControlGroup";
        let text = self.checked(&["show", "--timestamp=us+utc", PROPERTIES, "--", unit.as_str()])?;
        let properties = UnitProperties::parse_block(&text);
        Ok(UnitDetail {
            active: properties
                .text("ActiveState")?
                .parse()
                .map_err(|state| ManagerError::unknown_state(unit, state))?,
            sub: properties.text("SubState")?.to_owned(),
            result: properties.text("Result")?.to_owned(),
            exec_main_status: UnitDetail::exit_verdict(
                properties.number("ExecMainCode")?,
                properties.number("ExecMainStatus")?,
            ),
            n_restarts: properties.number("NRestarts")?,
            since: properties.timestamp("StateChangeTimestamp")?,
            main_pid: Pid::new(properties.number("MainPID")?),
            control_group: Some(properties.text("ControlGroup")?).filter(|group| !group.is_empty()).map(Into::into),
        })
    }

    pub(crate) fn reload(&self) -> Result<(), ManagerError> {
        self.checked(&["daemon-reload"]).map(drop)
    }

    pub(crate) fn enable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        self.change_unit_files("enable", units)
    }

    pub(crate) fn disable(&self, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        self.change_unit_files("disable", units)
    }

    pub(crate) fn reset_failed(&self, units: &[UnitName]) -> Result<(), ManagerError> {
        if units.is_empty() {
            return Ok(());
        }
        let mut arguments = vec!["reset-failed", "--"];
        arguments.extend(units.iter().map(UnitName::as_str));
        let output = self.output(&arguments, self.limit)?;
        let stderr = stderr_text(&output);
        match stderr.lines().find(|line| !line.contains(" not loaded")) {
            Some(line) if !output.status.success() => Err(failure("reset failed units", line)),
            _ => Ok(()),
        }
    }

    /// Runs one `systemctl` for each unit, since its exit code does not tell units apart.
    pub(crate) fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        let deadline = deadline_after(limit);
        let queue = Mutex::new(units.iter().enumerate());
        let (done, ended) = mpsc::channel();
        let mut outcomes: Vec<Option<JobOutcome>> = vec![None; units.len()];
        thread::scope(|scope| {
            for started in 0..MAX_CHILDREN.min(units.len()) {
                let (done, queue) = (done.clone(), &queue);
                let worker = move || {
                    // The lock is never poisoned: taking the next unit cannot panic.
                    while let Some((position, unit)) = queue.lock().ok().and_then(|mut left| left.next()) {
                        if done.send((position, self.run_job(verb, unit, deadline))).is_err() {
                            break;
                        }
                    }
                };
                match thread::Builder::new().spawn_scoped(scope, worker) {
                    Ok(_) => {}
                    // With fewer threads it takes longer.
                    Err(_) if started > 0 => break,
                    Err(error) => return Err(ManagerError::unreachable(thread_error(&error))),
                }
            }
            drop(done);
            for (position, outcome) in ended {
                let outcome = outcome?;
                if outcome != JobOutcome::TimedOutWaiting {
                    on_done(&units[position], &outcome);
                }
                outcomes[position] = Some(outcome);
            }
            Ok(())
        })?;
        let outcomes = outcomes.into_iter().map(|outcome| outcome.unwrap_or(JobOutcome::TimedOutWaiting));
        Ok(units.iter().cloned().zip(outcomes).collect())
    }

    fn run_job(&self, verb: Verb, unit: &UnitName, deadline: Instant) -> Result<JobOutcome, ManagerError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(JobOutcome::TimedOutWaiting);
        }
        let output = match self.output(&[verb.as_str(), "--", unit.as_str()], left) {
            Err(ManagerError::Deadline { .. }) => return Ok(JobOutcome::TimedOutWaiting),
            other => other?,
        };
        if output.status.success() {
            return Ok(JobOutcome::Done);
        }
        let stderr = stderr_text(&output);
        if output::is_connection_failure(&stderr) {
            return Err(ManagerError::unreachable(stderr.trim()));
        }
        Ok(output::job_outcome(&stderr))
    }

    fn change_unit_files(&self, verb: &str, units: &[UnitName]) -> Result<Vec<UnitFileChange>, ManagerError> {
        let mut arguments = vec![verb, "--no-reload", "--"];
        arguments.extend(units.iter().map(UnitName::as_str));
        let output = self.output(&arguments, self.limit)?;
        let stderr = stderr_text(&output);
        if !output.status.success() {
            return Err(failure(&format!("{verb} units"), &stderr));
        }
        Ok(stderr.lines().filter_map(output::unit_file_change).collect())
    }

    /// Standard output, if the command succeeds.
    fn checked(&self, arguments: &[&str]) -> Result<String, ManagerError> {
        let output = self.output(arguments, self.limit)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failure(&format!("systemctl {}", arguments.first().copied().unwrap_or_default()), &stderr_text(&output)))
    }

    fn output(&self, arguments: &[&str], limit: Duration) -> Result<Output, ManagerError> {
        let mut command = Command::new("systemctl");
        self.address.apply(&mut command);
        // Its messages and times are parsed.
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").args(["--user", "--no-pager", "--no-ask-password"]);
        bounded_output(command.args(arguments), limit).map_err(|error| match error {
            BoundedError::Deadline(limit) => ManagerError::Deadline { limit },
            BoundedError::Start(error) => {
                ManagerError::unreachable(format!("there is no user bus, and systemctl cannot be started: {error}"))
            }
            BoundedError::Read(error) => ManagerError::unreachable(format!("systemctl: {error}")),
        })
    }
}

fn failure(what: &str, stderr: &str) -> ManagerError {
    let stderr = stderr.trim();
    if output::is_connection_failure(stderr) {
        ManagerError::unreachable(stderr)
    } else {
        ManagerError::refused(what, stderr)
    }
}

fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
