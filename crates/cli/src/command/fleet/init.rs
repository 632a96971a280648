//! `mosaic fleet init`: writes a roster.

mod answers;
mod connector;
mod present;
mod wizard;

use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use mosaic_domain::ExitCode;
use mosaic_provision::{Layout, replace_file};
use mosaic_roster::{Preset, Roster};
use similar::TextDiff;

use self::present::Present;
use super::add::mode;
use crate::context::Context;
use crate::error::CommandError;
use crate::view::print;

/// How long another command that changes the fleet is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// Write a roster: asked on the terminal, or from one of the profiles
///
/// On a terminal it asks a few questions, shows what would change, and asks before it writes. Run
/// again, it begins with the answers that are in the roster.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet init\n  mosaic fleet init --profile coding --write")]
pub(crate) struct Init {
    /// The profile; asked on the terminal if none is given
    #[arg(long, value_name = "NAME", value_parser = Preset::from_str)]
    pub(crate) profile: Option<Preset>,

    /// Write the roster; without it the roster is only shown
    #[arg(long, requires = "profile")]
    pub(crate) write: bool,

    /// Replace a roster that is there and is another one; it is kept as roster.yaml.bak-TIME
    #[arg(long, requires = "write")]
    pub(crate) force: bool,

    /// List the profiles
    #[arg(long, conflicts_with_all = ["profile", "write", "force"])]
    pub(crate) list: bool,
}

/// What is done with the old text of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Old {
    /// The new one has grown out of it.
    Gone,
    /// It was something else.
    Kept,
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        if self.list {
            let lines = Preset::ALL.map(|profile| format!("{profile:<18}{}\n", profile.describe()));
            return print(&lines.concat()).map(|()| ExitCode::Ok);
        }
        match self.profile {
            Some(profile) => self.write_profile(context, profile),
            None if stdin().is_terminal() && stdout().is_terminal() => from_terminal(context),
            None => Err(CommandError::NoTerminal {
                what: "'mosaic fleet init'",
                instead: "'mosaic fleet init --profile NAME --write' asks nothing".to_owned(),
            }),
        }
    }

    fn write_profile(&self, context: &Context, profile: Preset) -> Result<ExitCode, CommandError> {
        let path = &context.roster_path;
        let text = profile.text();
        let roster = checked(&text, path)?;
        if !self.write {
            return print(&text).map(|()| ExitCode::Ok);
        }
        let present = Present::read(path)?;
        match &present {
            Some(present) if present.text == text => print(&format!("{} is that already\n", path.display()))?,
            Some(present) if !self.force => {
                print(&diff(path, &present.text, &text))?;
                return Err(CommandError::Refused(format!(
                    "{} is there and is another one: 'mosaic fleet init' changes it, and with --force it is replaced \
                     and kept as a copy",
                    path.display()
                )));
            }
            _ => write(context, present.as_ref(), &text, Old::Kept)?,
        }
        finish(context, &roster)
    }
}

fn from_terminal(context: &Context) -> Result<ExitCode, CommandError> {
    let path = &context.roster_path;
    let present = Present::read(path)?;
    let Some((text, old)) = wizard::ask(context, present.as_ref())? else {
        return Err(CommandError::Refused("nothing was written".to_owned()));
    };
    let roster = checked(&text, path)?;
    let before = present.as_ref().map_or("", |present| present.text.as_str());
    if text == before {
        print("the roster stays as it is\n")?;
    } else {
        print(&if before.is_empty() { text.clone() } else { diff(path, before, &text) })?;
        if !wizard::confirm(&format!("Write {}?", path.display()))? {
            return Err(CommandError::Refused("nothing was written".to_owned()));
        }
        write(context, present.as_ref(), &text, old)?;
    }
    finish(context, &roster)
}

/// A roster that may be written: it makes sense, and has its orchestrator.
fn checked(text: &str, path: &Path) -> Result<Roster, CommandError> {
    let roster = Roster::parse(text, path)?;
    roster.check_orchestrator_rule().map_err(|rule| CommandError::Refused(format!("no roster is written: {rule}")))?;
    Ok(roster)
}

/// Replaces the roster, if it still is what it was when it was read.
fn write(context: &Context, present: Option<&Present>, text: &str, old: Old) -> Result<(), CommandError> {
    let path = &context.roster_path;
    let layout = Layout::new(&context.home, |name| context.environment.variable(name), Path::new("/"))?;
    let _lock = mosaic_provision::FleetLock::take(&layout, LOCK_LIMIT)?;
    if Present::read(path)?.as_ref().map(|now| &now.text) != present.map(|before| &before.text) {
        return Err(CommandError::Refused(format!(
            "{} was changed by somebody else meanwhile, so nothing was written: run this again",
            path.display()
        )));
    }
    if let (Some(present), Old::Kept) = (present, old) {
        let copy = backup(path);
        replace_file(&copy, present.text.as_bytes(), mode(path))?;
        print(&format!("kept    {}\n", copy.display()))?;
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|source| CommandError::io("make", directory, source))?;
    }
    // The schema is beside it when everything is installed.
    replace_file(path, text.as_bytes(), mode(path))?;
    print(&format!("wrote   {}\n", path.display()))
}

fn backup(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(jiff::Timestamp::now().strftime(".bak-%Y%m%dT%H%M%S%.6fZ").to_string());
    PathBuf::from(name)
}

fn diff(path: &Path, before: &str, after: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().header(&name, &format!("{name} (new)")).to_string()
}

/// Says what is missing, and what comes next.
fn finish(context: &Context, roster: &Roster) -> Result<ExitCode, CommandError> {
    let layout = Layout::new(&context.home, |name| context.environment.variable(name), Path::new("/"))?;
    for (runtime, agents) in wizard::missing_runtimes(context, &layout, roster) {
        crate::view::print_notice(&format!(
            "NOTE: {runtime} is not found on this machine, and {} cannot run without it: install it before the fleet, \
             or change the roster",
            agents.join(", ")
        ));
    }
    for warning in roster.warnings() {
        crate::view::print_notice(&format!("NOTE: {warning}"));
    }
    print("next: mosaic fleet install\n")?;
    Ok(ExitCode::Ok)
}
