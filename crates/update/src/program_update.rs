//! Brings one program up to date.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Installation;
use super::interruption::Interruption;
use super::known_version::KnownVersion;
use super::last_change::last_change;
use super::program::Program;
use super::report::{ProgramOutcome, ProgramReport};
use super::update_record::UpdateRecord;
use super::updater::Updater;
use super::version::version;
use crate::context::Context;
use crate::error::CommandError;
use crate::runtime::quoted;

/// How long a program may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Its updater.
    Update,
    /// Only to know which version it is.
    Keep,
    /// To know what would be done.
    Plan,
}

/// What bringing up to date takes.
#[derive(Debug)]
pub(super) struct Refresh<'a> {
    pub(super) context: &'a Context,
    pub(super) interruption: &'a Interruption,
    pub(super) wish: Wish,
    /// How long an updater may take.
    pub(super) limit: Duration,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Refreshed {
    pub(super) report: ProgramReport,
    /// Who started before that runs another version; not known of a program that failed.
    pub(super) since: Option<Timestamp>,
}

/// What is there of a program.
struct Found {
    known: KnownVersion,
    installation: Installation,
}

impl Refresh<'_> {
    /// Does it; what was wrong with the program is in the report.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(super) fn carry_out(&self, program: &Program, record: &mut UpdateRecord) -> Result<Refreshed, CommandError> {
        let began = Instant::now();
        let mut report = ProgramReport {
            runtime: program.profile.name.to_owned(),
            path: program.path.display().to_string(),
            updater: command_line(program),
            outcome: ProgramOutcome::Failed,
            before: None,
            version: None,
            reason: None,
            output: None,
            back: None,
            seconds: 0.0,
        };
        let before = match self.look(program, record) {
            Ok(found) => found,
            Err(why) => {
                report.reason = Some(why);
                return Ok(Refreshed { report, since: None });
            }
        };
        self.remember(program, record, &before.known)?;
        let mut since = Some(before.known.since);
        let mut now = before.known.clone();
        report.outcome = match self.wish {
            Wish::Plan => ProgramOutcome::Planned,
            Wish::Keep => ProgramOutcome::Kept,
            Wish::Update => ProgramOutcome::Same,
        };
        if let Installation::Project { directory, .. } = &before.installation
            && self.wish != Wish::Keep
        {
            let command = before.installation.command(program.profile, "latest").unwrap_or_default();
            let place = directory.display();
            report.outcome = ProgramOutcome::Unmanaged;
            report.reason =
                Some(format!("it belongs to the project {place}, where it does not update itself: {command}"));
        } else if self.wish == Wish::Update {
            match self.update(program, &before.installation).map(|()| self.look(program, record)) {
                Ok(Ok(found)) => {
                    self.remember(program, record, &found.known)?;
                    since = Some(found.known.since);
                    now = found.known;
                    if now.version != before.known.version {
                        report.outcome = ProgramOutcome::Updated;
                    }
                }
                Ok(Err(why)) => (report.outcome, report.reason, since) = (ProgramOutcome::Failed, Some(why), None),
                Err((why, output)) => {
                    (report.outcome, report.reason, since) = (ProgramOutcome::Failed, Some(why), None);
                    report.output = Some(output).filter(|output| !output.is_empty());
                    report.back = before.installation.command(program.profile, &before.known.version);
                }
            }
        }
        report.version = Some(now.version);
        report.before = now.before;
        if let Some(older) = &report.before {
            report.back = before.installation.command(program.profile, older);
        }
        report.seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        Ok(Refreshed { report, since })
    }

    fn look(&self, program: &Program, record: &UpdateRecord) -> Result<Found, String> {
        let failed = |error: std::io::Error| format!("cannot look at {}: {error}", program.path.display());
        let file = program.path.canonicalize().map_err(failed)?;
        let version = version(&program.path, &program.search_path, VERSION_LIMIT.min(self.limit))?;
        let changed = last_change(&program.path).map_err(failed)?;
        let known = KnownVersion::now(record.known(&program.path), &version, changed, Timestamp::now());
        Ok(Found { known, installation: Installation::of(&file) })
    }

    fn remember(&self, program: &Program, record: &mut UpdateRecord, known: &KnownVersion) -> Result<(), CommandError> {
        if self.wish == Wish::Plan { Ok(()) } else { record.remember(&program.path, known.clone()) }
    }

    fn update(&self, program: &Program, installation: &Installation) -> Result<(), (String, String)> {
        let home = self.context.environment.variable("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let prefix = installation.prefix().map(|prefix| ("npm_config_prefix", prefix.as_os_str().to_owned()));
        let updater = Updater {
            program: program.path.clone(),
            arguments: program.profile.updater,
            variables: [("PATH", program.search_path.clone())].into_iter().chain(prefix).collect(),
            // Some programs read settings of where they are run.
            directory: if home.is_dir() { home } else { Path::new("/").to_owned() },
        };
        match updater.run(self.limit, self.interruption) {
            Ok(_) => Ok(()),
            Err(error) => Err((format!("{}: {error}", command_line(program)), error.output().trim().to_owned())),
        }
    }
}

fn command_line(program: &Program) -> String {
    let words =
        [quoted(program.path.as_os_str())].into_iter().chain(program.profile.updater.iter().map(ToString::to_string));
    words.collect::<Vec<_>>().join(" ")
}
