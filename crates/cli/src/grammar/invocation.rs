//! Parses a command line, and runs the command.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_exit_code::ExitCode;

use super::groups::{AgentCommand, AgentGroup, AgentProgram, FleetProgram};
use super::{Command, Mosaic, PathArgs};
use crate::command;
use crate::context::{Context, Environment};
use crate::error::CommandError;
use crate::view::print_notice;

/// A command with all its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Invocation(pub(super) Command);

/// Parses a command line that begins with the name of the program. Invoked as `mosaic-fleet` or
/// `mosaic-agent`, the program is that group of commands.
///
/// # Errors
/// The command line is invalid, or asks for help or the version.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let program = words.first().and_then(|program| Path::new(program).file_name()?.to_str());
    Ok(Invocation(match program {
        Some("mosaic-fleet") => Command::Fleet(FleetProgram::try_parse_from(words)?.group),
        Some("mosaic-agent") => Command::Agent(AgentProgram::try_parse_from(words)?.group),
        _ => Mosaic::try_parse_from(words)?.command,
    }))
}

/// Prints an error of [`parse`], which may be a help text, and returns its exit code.
pub(crate) fn report(error: &clap::Error, words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let printed = error.print().and_then(|()| io::stdout().flush());
    match printed {
        _ if is_agent_report(words) => ExitCode::Ok,
        Err(unwritten) if exit_code(error) == ExitCode::Ok && unwritten.kind() != io::ErrorKind::BrokenPipe => {
            let error = CommandError::io("write to", "standard output", unwritten);
            print_notice(&format!("ERROR: {error}"));
            error.exit_code()
        }
        // If standard error is closed, there is no other place to report that.
        _ => exit_code(error),
    }
}

/// Whether this is `mosaic agent report`, which exits with 0 even if its arguments are invalid, because it
/// must never make an agent's hook fail.
pub(super) fn is_agent_report(words: impl IntoIterator<Item = OsString>) -> bool {
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
    /// Runs the command in the environment of this process.
    ///
    /// # Errors
    /// Those of the command.
    pub(crate) fn run(&self) -> Result<ExitCode, CommandError> {
        let context = |paths: &PathArgs| Context::new(paths, Environment::from_process());
        match &self.0 {
            // A report works without a context, because it must not fail where a context cannot be made.
            Command::Agent(AgentGroup { paths, command: AgentCommand::Report(report) }) => {
                Ok(report.run(paths.mosaic_home.as_deref(), &Environment::from_process()))
            }
            Command::Fleet(group) => command::fleet::run(&group.command, &context(&group.paths)?),
            Command::Agent(group) => command::agent::run(&group.command, &context(&group.paths)?),
            Command::Doctor(doctor) => doctor.run(&context(&doctor.paths)?),
            Command::Yolo(yolo) => yolo.run(&context(&PathArgs::default())?),
            Command::Runtime(words) => command::runtime::run(words, &context(&PathArgs::default())?),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}
