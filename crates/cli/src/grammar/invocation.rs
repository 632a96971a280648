//! From the words that were typed to a command that can be run.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_domain::ExitCode;

use super::agent_group::{AgentCommand, AgentGroup, AgentProgram};
use super::fleet_group::FleetProgram;
use super::{Command, Mosaic, Places};
use crate::command;
use crate::context::{Context, Environment};
use crate::error::CommandError;

/// A command, with all its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Invocation(pub(super) Command);

/// Reads a command line, its program's name among it: as `mosaic-fleet` or `mosaic-agent` the
/// program is that group.
///
/// # Errors
/// It makes no sense, or asks for help or for the version.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let program = words.first().and_then(|program| Path::new(program).file_name()?.to_str());
    Ok(Invocation(match program {
        Some("mosaic-fleet") => Command::Fleet(FleetProgram::try_parse_from(words)?.group),
        Some("mosaic-agent") => Command::Agent(AgentProgram::try_parse_from(words)?.group),
        _ => Mosaic::try_parse_from(words)?.command,
    }))
}

/// Prints what [`parse`] had to say of these words, and gives the exit code for it.
pub(crate) fn report(error: &clap::Error, words: impl IntoIterator<Item = OsString>) -> ExitCode {
    // There is nobody left to tell that standard output is closed.
    let _ = error.print();
    if is_a_report(words) { ExitCode::Ok } else { exit_code(error) }
}

/// Is it `mosaic agent report`, which fails nobody, whatever follows?
pub(super) fn is_a_report(words: impl IntoIterator<Item = OsString>) -> bool {
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    let is_group = Path::new(&program).file_name().is_some_and(|name| name == "mosaic-agent");
    let mut has_value = false;
    let mut words = words.filter(|word| {
        let is_value = std::mem::replace(&mut has_value, word == "--mosaic-home" || word == "--roster");
        !is_value && !word.as_encoded_bytes().starts_with(b"--")
    });
    (is_group || words.next().is_some_and(|word| word == "agent")) && words.next().is_some_and(|word| word == "report")
}

pub(super) fn exit_code(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
        _ => ExitCode::Usage,
    }
}

impl Invocation {
    /// Runs it, with the environment of this process.
    ///
    /// # Errors
    /// Those of the command.
    pub(crate) fn run(&self) -> Result<ExitCode, CommandError> {
        let context = |places: &Places| Context::new(places, Environment::of_this_process());
        match &self.0 {
            // Without a context: there may be none, and that is no reason to fail.
            Command::Agent(AgentGroup { places, command: AgentCommand::Report(report) }) => {
                Ok(report.run(places.mosaic_home.as_deref(), &Environment::of_this_process()))
            }
            Command::Fleet(group) => command::fleet::run(&group.command, &context(&group.places)?),
            Command::Agent(group) => command::agent::run(&group.command, &context(&group.places)?),
            Command::Yolo(yolo) => yolo.run(&context(&Places::default())?),
            Command::Runtime(words) => command::runtime::run(words, &context(&Places::default())?),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}
