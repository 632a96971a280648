//! `mosaic fleet init`: writes a roster, from a preset or from answers on the terminal.

mod answers;
mod wizard;

use std::fs;
use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_provision::{Layout, replace_file};
use mosaic_roster::{Preset, Roster, RosterError};
use similar::TextDiff;

use super::add::mode;
use crate::context::Context;
use crate::error::CommandError;
use crate::view::{print, print_notice, print_outcome};

/// How long to wait for another command that changes the fleet.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Write a roster, from a profile or from answers on the terminal
///
/// On a terminal the command asks a few questions, shows the changes, and asks before it writes them. The
/// existing roster provides the default answers.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet init\n  mosaic fleet init --profile coding --write")]
pub(crate) struct Init {
    /// The profile [default: a question on the terminal]
    #[arg(long, value_name = "NAME", value_parser = Preset::from_str)]
    pub(crate) profile: Option<Preset>,

    /// Write the roster instead of printing it; an existing one is kept beside it as roster.yaml.bak-TIME
    #[arg(long, requires = "profile")]
    pub(crate) write: bool,

    /// Has no effect: --write replaces an existing roster
    #[arg(long, requires = "write", hide = true)]
    pub(crate) force: bool,

    /// List the profiles
    #[arg(long, conflicts_with_all = ["profile", "write", "force"])]
    pub(crate) list: bool,
}

/// Whether the old roster is kept as a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backup {
    /// No, because the new roster is an edited version of it.
    None,
    /// Yes.
    Keep,
}

/// The roster file before the command.
#[derive(Debug)]
struct ExistingRoster {
    text: String,
    /// The roster, or why it is invalid.
    roster: Result<Roster, String>,
}

impl ExistingRoster {
    /// Reads the file; `None` if it does not exist.
    ///
    /// # Errors
    /// The file cannot be read.
    fn read(path: &Path) -> Result<Option<Self>, CommandError> {
        match Roster::read_text(path) {
            Ok(text) => {
                let roster = Roster::parse(&text, path).map_err(|error| error.to_string());
                Ok(Some(Self { text, roster }))
            }
            Err(RosterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        if self.list {
            let lines = Preset::ALL.map(|profile| format!("{profile:<18}{}\n", profile.description()));
            return print(&lines.concat()).map(|()| ExitCode::Ok);
        }
        match self.profile {
            Some(profile) => self.write_profile(context, profile),
            None if stdin().is_terminal() && stdout().is_terminal() => from_terminal(context),
            None => Err(CommandError::NoTerminal {
                what: "'mosaic fleet init'",
                instead: "use 'mosaic fleet init --profile NAME --write' without a terminal".to_owned(),
            }),
        }
    }

    fn write_profile(&self, context: &Context, profile: Preset) -> Result<ExitCode, CommandError> {
        let path = &context.fleet.location.roster_path;
        let text = profile.text();
        let roster = checked(&text, path)?;
        if !self.write {
            return print(&text).map(|()| ExitCode::Ok);
        }
        let present = ExistingRoster::read(path)?;
        match &present {
            Some(present) if present.text == text => print(&format!("{} is already up to date\n", path.display()))?,
            _ => write(context, present.as_ref(), &text, Backup::Keep)?,
        }
        finish(context, &roster)
    }
}

fn from_terminal(context: &Context) -> Result<ExitCode, CommandError> {
    let path = &context.fleet.location.roster_path;
    let present = ExistingRoster::read(path)?;
    let Some((text, backup)) = wizard::ask(context, present.as_ref())? else {
        return Err(CommandError::Refused("nothing was written".to_owned()));
    };
    let roster = checked(&text, path)?;
    let before = present.as_ref().map_or("", |present| present.text.as_str());
    if text == before {
        print("the roster is unchanged\n")?;
    } else {
        print(&if before.is_empty() { text.clone() } else { diff(path, before, &text) })?;
        if !wizard::confirm(&format!("Write {}?", path.display()))? {
            return Err(CommandError::Refused("nothing was written".to_owned()));
        }
        write(context, present.as_ref(), &text, backup)?;
    }
    finish(context, &roster)
}

/// Parses a new roster, and checks that it has its orchestrator.
fn checked(text: &str, path: &Path) -> Result<Roster, CommandError> {
    let roster = Roster::parse(text, path)?;
    roster.check_orchestrators().map_err(|rule| CommandError::Refused(format!("nothing was written: {rule}")))?;
    Ok(roster)
}

/// Writes the roster, unless it was changed since it was read.
fn write(context: &Context, present: Option<&ExistingRoster>, text: &str, backup: Backup) -> Result<(), CommandError> {
    let path = &context.fleet.location.roster_path;
    let layout =
        Layout::new(&context.fleet.location.home, |name| context.fleet.environment.variable(name), Path::new("/"))?;
    let _lock = mosaic_provision::FleetLock::acquire(&layout, LOCK_TIMEOUT)?;
    if ExistingRoster::read(path)?.as_ref().map(|now| &now.text) != present.map(|before| &before.text) {
        return Err(CommandError::Refused(format!(
            "{} was changed by another process meanwhile, so nothing was written: run this command again",
            path.display()
        )));
    }
    if let (Some(present), Backup::Keep) = (present, backup) {
        let copy = backup_path(path);
        replace_file(&copy, present.text.as_bytes(), mode(path))?;
        print_outcome(&format!("kept    {}\n", copy.display()));
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|source| CommandError::io("create", directory, source))?;
    }
    replace_file(path, text.as_bytes(), mode(path))?;
    print_outcome(&format!("wrote   {}\n", path.display()));
    Ok(())
}

fn backup_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(jiff::Timestamp::now().strftime(".bak-%Y%m%dT%H%M%S%.6fZ").to_string());
    PathBuf::from(name)
}

fn diff(path: &Path, before: &str, after: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().header(&name, &format!("{name} (new)")).to_string()
}

/// Prints warnings about the roster, and the next command.
fn finish(context: &Context, roster: &Roster) -> Result<ExitCode, CommandError> {
    let layout =
        Layout::new(&context.fleet.location.home, |name| context.fleet.environment.variable(name), Path::new("/"))?;
    for (runtime, agents) in wizard::missing_runtimes(context, &layout, roster) {
        print_notice(&format!(
            "NOTE: {runtime} is not installed on this host, and {} cannot run without it; install it before the \
             fleet, or change the roster",
            agents.join(", ")
        ));
    }
    for warning in roster.warnings() {
        print_notice(&format!("NOTE: {warning}"));
    }
    print_outcome("next: mosaic fleet install\n");
    Ok(ExitCode::Ok)
}
