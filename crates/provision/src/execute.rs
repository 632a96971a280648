//! Executes the steps of a plan.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use mosaic_systemd::{JobOutcome, UnitName, UserManager, Verb, set_linger};

use crate::files::{
    copy_program, create_directory, remove_file, remove_if_empty, remove_temporary_files, replace_file, replace_link,
};
use crate::run_directory::{finish_run_directory_move, move_run_directory, remove_run_directory};
use crate::{Layout, Manifest, ProvisionError, Step};

/// The timeout of a request to logind.
const LINGER_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout of starting a socket or timer.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Executes steps.
#[derive(Clone, Copy, Debug)]
pub struct Executor<'a> {
    /// The paths of the installation.
    pub layout: &'a Layout,
    /// The user manager; `None` if the host has none.
    pub manager: Option<&'a UserManager>,
    /// The name of the user, for logind.
    pub user: &'a str,
    /// The timeout of stopping units.
    pub stop_timeout: Duration,
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The step is done.
    Done,
    /// The optional step failed, for this reason. The plan continues.
    Skipped(String),
}

/// Executes all steps in order. `before` is called before each step, `skipped` after an optional step that failed,
/// with the reason.
///
/// # Errors
/// A step failed. The steps before it are done, the steps after it are not.
pub fn execute(
    steps: &[Step],
    executor: &Executor<'_>,
    mut before: impl FnMut(&Step),
    mut skipped: impl FnMut(&Step, &str),
) -> Result<(), ProvisionError> {
    let mut recorded: Option<Manifest> = None;
    for step in steps {
        before(step);
        if let Step::WriteManifest(manifest) = step {
            recorded = Some(manifest.clone());
        }
        if let StepOutcome::Skipped(reason) = executor.execute(step)? {
            skipped(step, &reason);
            // An uninstall must not turn off what this install did not turn on.
            if let (Step::SetLinger(true), Some(manifest)) = (step, &recorded) {
                executor.execute(&Step::WriteManifest(Manifest { linger: false, ..manifest.clone() }))?;
            }
        }
    }
    Ok(())
}

impl Executor<'_> {
    /// Executes one step.
    ///
    /// # Errors
    /// The step failed. It can be executed again.
    pub fn execute(&self, step: &Step) -> Result<StepOutcome, ProvisionError> {
        match step {
            Step::WriteManifest(manifest) => {
                let path = self.layout.manifest();
                replace_file(&path, manifest.text(&path)?.as_bytes(), 0o600)?;
            }
            Step::CreateDirectory { path, mode } => create_directory(path, *mode)?,
            Step::RemoveTemporaryFiles(path) => remove_temporary_files(path)?,
            Step::SetMode { path, mode } => {
                let changed = fs::set_permissions(path, Permissions::from_mode(*mode));
                changed.map_err(ProvisionError::file("change the mode of", path))?;
            }
            Step::Copy { from, to } => copy_program(from, to)?,
            Step::Write { path, text, mode, .. } => replace_file(path, text.as_bytes(), *mode)?,
            Step::Link { path, target } => replace_link(path, target)?,
            Step::BackUp { path, backup } => match fs::hard_link(path, backup) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(ProvisionError::file("back up", path)(error));
                }
                _ => {}
            },
            Step::RestoreBackup { backup, path } => match fs::rename(backup, path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ProvisionError::file("restore", path)(error));
                }
                _ => {}
            },
            Step::Remove(path) => remove_file(path)?,
            Step::RemoveDirectory(path) => remove_if_empty(path)?,
            Step::RemoveState(path) => match fs::remove_dir_all(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ProvisionError::file("remove", path)(error));
                }
                _ => {}
            },
            Step::MoveRunDirectory { target } => move_run_directory(self.layout, target)?,
            Step::FinishRunDirectoryMove { target } => finish_run_directory_move(self.layout, target)?,
            Step::RemoveRunDirectory(path) => {
                remove_run_directory(path)?;
                self.remove_empty_parents(path)?;
            }
            Step::SetLinger(on) => {
                if let Err(error) = set_linger(self.user, *on, LINGER_TIMEOUT) {
                    return Ok(StepOutcome::Skipped(error.to_string()));
                }
            }
            Step::Start(units) => {
                if let Some(reason) = self.start(step, units)? {
                    return Ok(StepOutcome::Skipped(reason));
                }
            }
            Step::Reload | Step::Enable(_) | Step::Disable(_) | Step::Stop(_) => self.request_manager(step)?,
        }
        Ok(StepOutcome::Done)
    }

    /// Starts units, and returns why one of them did not start.
    fn start(&self, step: &Step, units: &[UnitName]) -> Result<Option<String>, ProvisionError> {
        let Some(manager) = self.manager else { return Ok(None) };
        let outcomes = manager
            .run(Verb::Start, units, START_TIMEOUT, &mut |_, _| {})
            .map_err(|source| ProvisionError::Manager { step: step.line(self.layout), source })?;
        let failed = outcomes.into_iter().find(|(_, outcome)| *outcome != JobOutcome::Done);
        Ok(failed.map(|(unit, outcome)| {
            let mut reason = format!("{unit} did not start ({outcome}): check `systemctl --user status {unit}`");
            if unit == UnitName::exporter_socket() {
                reason += ". If its address is already in use, such as by the exporter of another user's fleet, set another \
                           one with `systemctl --user edit mosaic-fleet-exporter.socket` ([Socket], ListenStream=, \
                           ListenStream=127.0.0.1:27872), then run this command again; `mosaic fleet verify` fails \
                           until then";
            }
            reason
        }))
    }

    fn request_manager(&self, step: &Step) -> Result<(), ProvisionError> {
        let Some(manager) = self.manager else { return Ok(()) };
        let failed = |source| ProvisionError::Manager { step: step.line(self.layout), source };
        match step {
            Step::Enable(units) => manager.enable(units).map(drop).map_err(failed),
            Step::Disable(units) => manager.disable(units).map(drop).map_err(failed),
            Step::Stop(units) => {
                let outcomes = manager.run(Verb::Stop, units, self.stop_timeout, &mut |_, _| {}).map_err(failed)?;
                let unstopped = outcomes.into_iter().find(|(_, outcome)| !is_stopped(outcome));
                unstopped.map_or(Ok(()), |(unit, outcome)| Err(ProvisionError::Stop { unit, outcome }))
            }
            _ => manager.reload().map_err(failed),
        }
    }

    /// Removes the empty directories between `$XDG_RUNTIME_DIR` and a run directory in it.
    fn remove_empty_parents(&self, path: &std::path::Path) -> Result<(), ProvisionError> {
        let Some(top) = self.layout.runtime_directory() else { return Ok(()) };
        let parents = path.ancestors().skip(1).take_while(|parent| parent.starts_with(top) && *parent != top);
        parents.into_iter().try_for_each(remove_if_empty)
    }
}

/// Whether a unit does not run after its stop job.
fn is_stopped(outcome: &JobOutcome) -> bool {
    matches!(outcome, JobOutcome::Done | JobOutcome::Skipped | JobOutcome::NoSuchUnit(_))
}
