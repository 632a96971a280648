//! Updates one program by its own updater.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::env_var;
use mosaic_lifecycle::FleetContext;
use mosaic_runtimes::shell_quote;

use crate::installation::{Installation, last_change};
use crate::interrupt::Interrupt;
use crate::program::Program;
use crate::program_version::{KnownVersion, installed_version};
use crate::report::{ProgramOutcome, ProgramReport, UpdateReporter, rounded_seconds};
use crate::run::UpdateMode;
use crate::runtime_program::RuntimeProgram;
use crate::update_error::UpdateError;
use crate::update_state::UpdateRecord;
use crate::updater_command::UpdaterCommand;

/// How long a program may take to print its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(20);

/// Updates programs.
#[derive(Debug)]
pub(crate) struct ProgramUpdater<'a> {
    pub(crate) context: &'a FleetContext,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) mode: UpdateMode,
    /// How long an updater may take.
    pub(crate) timeout: Duration,
}

/// The result for one program.
#[derive(Debug)]
pub(crate) struct UpdatedProgram {
    pub(crate) report: ProgramReport,
    /// When the installed version was installed; `None` if the update failed.
    pub(crate) installed: Option<Timestamp>,
}

/// A program at one moment.
struct ProgramObservation {
    known: KnownVersion,
    installation: Installation,
}

/// An updater that failed: the reason, and its output.
struct UpdaterFailure {
    reason: String,
    output: String,
}

impl ProgramUpdater<'_> {
    /// Updates a program as the mode says. A failure of the program or its updater is in the report.
    ///
    /// # Errors
    /// The record of updates cannot be written.
    pub(crate) fn update(
        &self,
        program: &Program,
        record: &mut UpdateRecord,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<UpdatedProgram, UpdateError> {
        let began = Instant::now();
        let mut report = ProgramReport {
            runtime: program.runtime.name.clone(),
            path: program.path.display().to_string(),
            updater: updater_line(program),
            outcome: ProgramOutcome::Failed,
            before: None,
            version: None,
            reason: None,
            output: None,
            rollback_command: None,
            seconds: 0.0,
        };
        let before = match self.observe(program, record) {
            Ok(found) => found,
            Err(reason) => {
                report.reason = Some(reason);
                return Ok(UpdatedProgram { report, installed: None });
            }
        };
        self.record(program, record, &before.known)?;
        let mut installed = Some(before.known.since);
        let mut now = before.known.clone();
        let mut installation = before.installation.clone();
        report.outcome = match self.mode {
            UpdateMode::DryRun => ProgramOutcome::Planned,
            UpdateMode::RelaunchOnly => ProgramOutcome::Kept,
            UpdateMode::Update => ProgramOutcome::Same,
        };
        if let Installation::Project { directory, .. } = &before.installation
            && self.mode != UpdateMode::RelaunchOnly
        {
            let command = before.installation.install_command(&program.runtime, "latest").unwrap_or_default();
            let directory = directory.display();
            report.outcome = ProgramOutcome::Unmanaged;
            report.reason =
                Some(format!("it belongs to the project {directory}, where it does not update itself; run: {command}"));
        } else if self.mode == UpdateMode::Update {
            match self.run_updater(program, &before.installation, reporter).map(|()| self.observe(program, record)) {
                Ok(Ok(found)) => {
                    installation = found.installation;
                    self.record(program, record, &found.known)?;
                    installed = Some(found.known.since);
                    now = found.known;
                    if now.version != before.known.version {
                        report.outcome = ProgramOutcome::Updated;
                    }
                }
                Ok(Err(reason)) => {
                    (report.outcome, report.reason, installed) = (ProgramOutcome::Failed, Some(reason), None);
                }
                Err(UpdaterFailure { reason, output }) => {
                    (report.outcome, report.reason, installed) = (ProgramOutcome::Failed, Some(reason), None);
                    report.output = Some(output).filter(|output| !output.is_empty());
                    report.rollback_command =
                        before.installation.install_command(&program.runtime, &before.known.version);
                }
            }
        }
        if matches!(report.outcome, ProgramOutcome::Same | ProgramOutcome::Planned) {
            report.reason = successor_note(&program.runtime, &installation, &now.version);
        }
        report.version = Some(now.version);
        report.before = now.before;
        if let Some(older) = &report.before {
            report.rollback_command = rollback_command(&program.runtime, &before.installation, &installation, older);
        }
        report.seconds = rounded_seconds(began.elapsed());
        Ok(UpdatedProgram { report, installed })
    }

    fn observe(&self, program: &Program, record: &UpdateRecord) -> Result<ProgramObservation, String> {
        let failed = |error: std::io::Error| format!("cannot read {}: {error}", program.path.display());
        let file = program.path.canonicalize().map_err(failed)?;
        let version = installed_version(&program.path, &program.search_path, VERSION_TIMEOUT.min(self.timeout))?;
        let changed = last_change(&program.path).map_err(failed)?;
        let recorded = record.version(&program.path);
        let known = KnownVersion::from_observation(recorded, &version, changed, Timestamp::now());
        Ok(ProgramObservation { known, installation: Installation::from_path(&file) })
    }

    fn record(&self, program: &Program, record: &mut UpdateRecord, known: &KnownVersion) -> Result<(), UpdateError> {
        if self.mode == UpdateMode::DryRun { Ok(()) } else { record.set_version(&program.path, known.clone()) }
    }

    fn run_updater(
        &self,
        program: &Program,
        installation: &Installation,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<(), UpdaterFailure> {
        let home = self.context.environment.variable(env_var::HOME).map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let prefix = installation.npm_prefix().map(|prefix| ("npm_config_prefix", prefix.as_os_str().to_owned()));
        let updater = UpdaterCommand {
            program: program.path.clone(),
            arguments: program.runtime.updater.clone(),
            variables: [(env_var::PATH, program.search_path.clone())].into_iter().chain(prefix).collect(),
            // Some programs read settings from the current directory.
            directory: if home.is_dir() { home } else { Path::new("/").to_owned() },
        };
        match updater.run(self.timeout, self.interrupt, reporter) {
            Ok(_) => Ok(()),
            Err(error) => Err(UpdaterFailure {
                reason: format!("{}: {error}", updater_line(program)),
                output: error.output().trim().to_owned(),
            }),
        }
    }
}

/// How to go on, if the program's package is not continued: its updater reports success and changes nothing.
fn successor_note(runtime: &RuntimeProgram, installation: &Installation, version: &str) -> Option<String> {
    let (successor, package) = (runtime.packages.first()?, installation.package()?);
    if package == successor || !runtime.packages.iter().any(|known| known == package) {
        return None;
    }
    let on = installation.replace_command(package, successor)?;
    let back = installation.replace_command(successor, &format!("{package}@{version}"))?;
    let name = &runtime.name;
    Some(format!(
        "the package {package} is not continued; {name} goes on as {successor}. To change to it: {on}; then: mosaic fleet \
         update --relaunch-only {name}. To return: {back}"
    ))
}

/// The command that installs the version from before an update, which may have changed the package.
fn rollback_command(
    runtime: &RuntimeProgram,
    before: &Installation,
    now: &Installation,
    version: &str,
) -> Option<String> {
    match (before.package(), now.package()) {
        (Some(old), Some(new)) if old != new => now.replace_command(new, &format!("{old}@{version}")),
        _ => before.install_command(runtime, version),
    }
}

fn updater_line(program: &Program) -> String {
    let arguments = program.runtime.updater.iter().map(ToString::to_string);
    [shell_quote(program.path.as_os_str())].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{rollback_command, successor_note};
    use crate::installation::Installation;
    use crate::runtime_program::tests::programs;
    use std::path::Path;

    const OLD: &str = "/p/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js";
    const NEW: &str = "/p/lib/node_modules/@earendil-works/pi-coding-agent/dist/bundle/cli.js";

    #[test]
    fn a_package_that_is_not_continued_is_named_with_the_way_on_and_back() {
        let known = programs(&[]);
        let note = |file: &str| {
            successor_note(known.named("pi").unwrap(), &Installation::from_path(Path::new(file)), "0.73.1")
        };
        let text = note(OLD).unwrap();
        let (on, back) = text.split_once("To return: ").unwrap();
        let change =
            |from: &str, to: &str| format!("npm uninstall -g --prefix /p {from} && npm install -g --prefix /p {to}");
        assert!(on.contains(&change("@mariozechner/pi-coding-agent", "@earendil-works/pi-coding-agent")), "{on}");
        assert_eq!(back, change("@earendil-works/pi-coding-agent", "@mariozechner/pi-coding-agent@0.73.1"));
        for file in [NEW, "/usr/local/bin/pi", "/p/lib/node_modules/my-pi/cli.js"] {
            assert_eq!(note(file), None, "{file}");
        }
    }

    #[test]
    fn the_way_back_from_another_package_removes_it() {
        let known = programs(&[]);
        let [old, new] = [OLD, NEW].map(|file| Installation::from_path(Path::new(file)));
        let back = |before, now| rollback_command(known.named("pi").unwrap(), before, now, "1.0").unwrap();
        assert_eq!(back(&new, &new), "npm install -g --prefix /p @earendil-works/pi-coding-agent@1.0");
        assert_eq!(
            back(&old, &new),
            "npm uninstall -g --prefix /p @earendil-works/pi-coding-agent && \
             npm install -g --prefix /p @mariozechner/pi-coding-agent@1.0"
        );
    }
}
