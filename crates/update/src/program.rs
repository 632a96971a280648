//! Finds the programs to update, and the agents that run each of them.

use std::env::{join_paths, split_paths};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use mosaic_domain::{AgentName, RuntimeName, default_program_directories, env_var};
use mosaic_lifecycle::FleetContext;
use mosaic_process::{find_in_directories, is_program};
use mosaic_roster::{AgentEnvFile, AgentSettings, Roster, absolute_program, required_program};

use crate::runtime_program::{RuntimeProgram, RuntimePrograms};
use crate::selection::Selection;
use crate::update_error::UpdateError;

/// An installed program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) runtime: RuntimeProgram,
    /// The path at which agents find it, often a symbolic link.
    pub(crate) path: PathBuf,
    /// The `PATH` with which it was found and with which its updater runs.
    pub(crate) search_path: OsString,
    /// The agents that run it, in the order of the roster.
    pub(crate) agents: Vec<AgentName>,
}

/// The programs and agents of a selection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    pub(crate) programs: Vec<Program>,
    /// Agents with a command whose program is not recognized, or a runtime without an updater.
    pub(crate) left_out: Vec<LeftOutAgent>,
}

/// An agent whose program cannot be updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOutAgent {
    pub(crate) name: AgentName,
    pub(crate) reason: String,
}

/// The command of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AgentCommand {
    /// The command line; `None` is `mosaic yolo RUNTIME`.
    command: Option<String>,
    /// The `PATH` that an installation has recorded for the agent.
    search_path: Option<OsString>,
}

impl Programs {
    /// Finds the program of each selected agent, where the agent itself would find it.
    ///
    /// # Errors
    /// A program is not installed, or an agent's env file cannot be read.
    pub(crate) fn find(
        context: &FleetContext,
        roster: &Roster,
        known: &RuntimePrograms,
        selection: &Selection,
    ) -> Result<Self, UpdateError> {
        let mut found = Self::default();
        let selected =
            roster.agents.iter().map(|agent| roster.settings(agent)).filter(|agent| selection.includes(agent));
        for agent in selected {
            let command = AgentCommand::read(context, &agent)?;
            // Selected by name, an unrecognized command is taken to run the program of its runtime.
            let of_runtime = known.named(agent.runtime.as_str());
            let by_name = || Some((of_runtime?, None)).filter(|_| selection.is_explicit());
            let Some((runtime, path)) = command.program(&agent.runtime, known).or_else(by_name) else {
                let runtime = &agent.runtime;
                let reason = match of_runtime {
                    Some(_) => format!(
                        "its command is not recognized; name the agent or its runtime to update it as {runtime}"
                    ),
                    None => format!("the runtime {runtime} has no updater"),
                };
                found.left_out.push(LeftOutAgent { name: agent.name, reason });
                continue;
            };
            found.add(context, runtime, path, command.search_path.as_deref(), Some(agent.name))?;
        }
        for runtime in selection.runtimes(known) {
            if found.programs.iter().all(|program| program.runtime.name != runtime.name) {
                found.add(context, runtime, None, None, None)?;
            }
        }
        Ok(found)
    }

    fn add(
        &mut self,
        context: &FleetContext,
        runtime: &RuntimeProgram,
        path: Option<PathBuf>,
        recorded: Option<&OsStr>,
        agent: Option<AgentName>,
    ) -> Result<(), UpdateError> {
        let search_path = search_path(context, recorded);
        let path = path
            .or_else(|| find_in_directories(&runtime.program, split_paths(&search_path), is_program))
            .filter(|path| is_program(path));
        let Some(path) = path else {
            let path = search_path.display().to_string();
            let RuntimeProgram { program, install, .. } = runtime.clone();
            return Err(UpdateError::NotInstalled { program, path, install });
        };
        if let Some(program) = self.programs.iter_mut().find(|program| program.path == path) {
            program.agents.extend(agent);
        } else {
            let (runtime, agents) = (runtime.clone(), agent.into_iter().collect());
            self.programs.push(Program { runtime, path, search_path, agents });
        }
        Ok(())
    }
}

impl AgentCommand {
    /// Reads the agent's env file, or derives from the roster what an installation would write there.
    fn read(context: &FleetContext, settings: &AgentSettings) -> Result<Self, UpdateError> {
        let path = context.location.home.paths().agent_env(&settings.name);
        let recorded = AgentEnvFile::read(&path).map_err(|error| UpdateError::io("read", path, error))?;
        let env = recorded.unwrap_or_default().merged(settings, None);
        let value = |name| env.value(name).filter(|value| !value.is_empty());
        Ok(Self { command: value(env_var::AGENT_COMMAND), search_path: value(env_var::PATH).map(OsString::from) })
    }

    /// The program that the command runs, and its path if the command names one; `None` if the program is
    /// not recognized.
    fn program<'a>(
        &self,
        runtime: &RuntimeName,
        known: &'a RuntimePrograms,
    ) -> Option<(&'a RuntimeProgram, Option<PathBuf>)> {
        let Some(command) = self.command.as_deref() else { return Some((known.named(runtime.as_str())?, None)) };
        if let Some(path) = absolute_program(command) {
            let found = known.iter().find(|known| path.ends_with(&known.program))?;
            return Some((found, Some(path.to_owned())));
        }
        // The word is a program, or the runtime after `mosaic yolo`.
        let word = required_program(Some(command), runtime)?;
        let found = known.iter().find(|known| known.program == word).or_else(|| known.named(&word))?;
        Some((found, None))
    }
}

/// The `PATH` for an agent's program: the agent's own, as the launcher extends it, then that of this process,
/// which may have the tools that an updater needs.
fn search_path(context: &FleetContext, recorded: Option<&OsStr>) -> OsString {
    let home = context.environment.variable(env_var::HOME).map(PathBuf::from);
    let usual = home.map(|home| default_program_directories(&home)).unwrap_or_default();
    let own = context.environment.variable(env_var::PATH).unwrap_or_default();
    let mut directories: Vec<PathBuf> = Vec::new();
    let first = recorded.unwrap_or(&own);
    for directory in split_paths(first).chain(usual).chain(split_paths(&own)) {
        if directory.is_absolute() && !directories.contains(&directory) {
            directories.push(directory);
        }
    }
    join_paths(directories).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::AgentCommand;
    use crate::runtime_program::tests::programs;
    use std::path::Path;

    #[test]
    fn program_is_recognized_in_the_command_line() {
        type Case<'a> = (Option<&'a str>, &'a str, Option<(&'a str, Option<&'a str>)>);
        let known = programs(&[("crab", "{program: crab-cli, updater: {arguments: [update]}}")]);
        let table: [Case<'_>; 15] = [
            (None, "pi", Some(("pi", None))),
            (None, "mine", None),
            (Some("mosaic yolo codex"), "codex", Some(("codex", None))),
            (Some("exec pi --offline"), "pi", Some(("pi", None))),
            (Some("exec pi"), "mine", Some(("pi", None))),
            (Some("/opt/x/bin/claude -c"), "claude", Some(("claude", Some("/opt/x/bin/claude")))),
            (Some("/opt/x/bin/agent"), "pi", None),
            (Some("exec node /opt/pi/cli.js"), "pi", None),
            (Some("KEY=1 pi"), "pi", Some(("pi", None))),
            (Some("PATH=/opt/other pi"), "pi", None),
            (Some("while sleep 1; do date; done"), "pi", None),
            (None, "crab", Some(("crab", None))),
            (Some("mosaic yolo crab"), "crab", Some(("crab", None))),
            (Some("crab-cli --fast"), "mine", Some(("crab", None))),
            (Some("/opt/crab-cli"), "crab", Some(("crab", Some("/opt/crab-cli")))),
        ];
        for (command, runtime, expected) in table {
            let line = AgentCommand { command: command.map(str::to_owned), search_path: None };
            let found = line.program(&runtime.parse().unwrap(), &known);
            let found = found.as_ref().map(|(runtime, path)| (runtime.name.as_str(), path.as_deref()));
            assert_eq!(found, expected.map(|(name, path)| (name, path.map(Path::new))), "{command:?}");
        }
    }
}
