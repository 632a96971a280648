//! Checks what the start of an agent needs, before anything is stopped: a restart must not end an agent that cannot be
//! started again.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, default_program_directories, env_var};
use mosaic_probe::install_command;
use mosaic_process::{find_in_directories, is_program};
use mosaic_provision::{recordable_directories, replace_file};
use mosaic_roster::{AgentEnvFile, AgentSettings, Roster, absolute_program, required_program};
use rustix::fs::{Access, access};

use crate::action::{ActionFailure, FailureKind, LifecycleEvent, Reporter};
use crate::agent_plan::ExecutionMode;
use crate::direct::{LAUNCHER, find_launcher};
use crate::fleet_context::FleetContext;

/// The programs that a unit runs. They belong together.
const UNIT_PROGRAMS: [&str; 3] = [LAUNCHER, "agent-pane", "agent-sidecar"];

/// What an action does to start an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartKind {
    /// It starts nothing.
    None,
    /// Something of the agent runs, and may be adopted. That needs none of its programs.
    Adoption,
    /// Nothing of the agent runs.
    New,
    /// The agent runs, and is ended first.
    Replacement,
}

/// What the agents of one fleet need in order to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StartRequirements<'a> {
    pub(crate) context: &'a FleetContext,
    pub(crate) roster: &'a Roster,
    pub(crate) mode: ExecutionMode,
}

impl StartRequirements<'_> {
    /// Checks one agent, unless nothing is started. A missing program is found here and not by the start, because many
    /// agents often lack the same one, and because systemd would try each of them ten times.
    ///
    /// An env file that was installed and differs from the roster is written again first, and so is one that does not say
    /// what the agent runs: the agent starts as the roster says.
    ///
    /// # Errors
    /// The agent cannot be started.
    pub(crate) fn check(
        &self,
        agent: &AgentName,
        start: StartKind,
        reporter: &mut dyn Reporter,
    ) -> Result<(), ActionFailure> {
        let Some(entry) = self.roster.agent(agent.as_str()).filter(|_| start != StartKind::None) else { return Ok(()) };
        let settings = self.roster.settings(entry);
        let path = self.context.location.home.paths().agent_env(agent);
        let refusal = |kind| {
            move |reason: String| ActionFailure {
                kind,
                reason: if start == StartKind::Replacement { format!("not restarted: {reason}") } else { reason },
            }
        };
        let env = self.env_file(&path, &settings, reporter).map_err(refusal(FailureKind::Configuration))?;
        if matches!(start, StartKind::New | StartKind::Replacement) {
            let full = self.context.location.run_directory.write_fault();
            let checked = full.map_or(Ok(()), Err).and_then(|()| self.programs(&env, &settings));
            let checked = checked.and_then(|()| self.working_directory(&env, &settings));
            checked.map_err(refusal(FailureKind::Unavailable))?;
        }
        Ok(())
    }

    /// Reads the env file, and writes it again if it differs from the roster.
    fn env_file(
        &self,
        path: &Path,
        settings: &AgentSettings,
        reporter: &mut dyn Reporter,
    ) -> Result<AgentEnvFile, String> {
        let present = AgentEnvFile::read(path).map_err(|error| unusable_env_file(path, &error))?;
        let is_complete = |file: &AgentEnvFile| {
            file.value(env_var::AGENT_COMMAND).is_some() || file.value(env_var::AGENT_RUNTIME).is_some()
        };
        match &present {
            // A file that was written by hand stays as it is if it says what the agent runs.
            Some(file) if is_complete(file) && !file.is_generated() => return Ok(file.clone()),
            // Without an installation there are no env files, and the launcher gets the same variables.
            None if self.mode == ExecutionMode::Direct => return Ok(AgentEnvFile::default().merged(settings, None)),
            _ => {}
        }
        let before = present.as_ref().map(ToString::to_string);
        let present = present.unwrap_or_default();
        // A search path that is recorded stays: the caller's may lack the directories of the installation.
        let search_path = if present.value(env_var::PATH).is_none() { self.search_path() } else { None };
        let file = present.merged(settings, search_path.as_deref());
        if before != Some(file.to_string()) {
            self.write_env_file(path, &file).map_err(|error| error.to_string())?;
            reporter.report(LifecycleEvent::EnvFileWritten { path: path.to_owned() });
        }
        Ok(file)
    }

    fn write_env_file(&self, path: &Path, file: &AgentEnvFile) -> Result<(), Box<dyn std::error::Error>> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.context.location.home.paths().agents())?;
        Ok(replace_file(path, file.to_string().as_bytes(), 0o600)?)
    }

    /// The search path of the caller, as an installation records it.
    fn search_path(&self) -> Option<String> {
        let directories = recordable_directories(self.variable(env_var::PATH).as_deref(), Path::is_dir);
        env::join_paths(directories).ok()?.into_string().ok().filter(|path| !path.is_empty())
    }

    /// Checks the programs of the unit or the launcher, and the agent's own program.
    fn programs(&self, env: &AgentEnvFile, settings: &AgentSettings) -> Result<(), String> {
        let home = &self.context.location.home;
        let installed = home.paths().programs();
        match self.mode {
            ExecutionMode::Direct => drop(find_launcher(home)?),
            ExecutionMode::Managed => {
                let programs = UNIT_PROGRAMS.map(|name| installed.join(name));
                if let Some(unusable) = programs.iter().find(|program| !is_program(program)) {
                    let why = if unusable.exists() { "cannot be executed" } else { "does not exist" };
                    return Err(format!("{} {why}: run 'mosaic fleet install'", unusable.display()));
                }
            }
        }
        let path = env.value(env_var::PATH).filter(|path| !path.is_empty());
        let user_home = self.variable(env_var::HOME).map(PathBuf::from);
        let usual = user_home.as_deref().map(default_program_directories).unwrap_or_default();
        let own = match (&path, self.mode) {
            (Some(path), _) => env::split_paths(path).collect(),
            // The launcher inherits the search path of this program.
            (None, ExecutionMode::Direct) => {
                env::split_paths(&self.variable(env_var::PATH).unwrap_or_default()).collect()
            }
            (None, ExecutionMode::Managed) => Vec::new(),
        };
        let directories: Vec<PathBuf> = own.into_iter().chain([installed]).chain(usual).collect();
        let runtime = env.value(env_var::AGENT_RUNTIME).and_then(|runtime| runtime.parse().ok());
        let command = env.value(env_var::AGENT_COMMAND).filter(|command| !command.is_empty());
        let command_for = |program: &str| install_command(home, program);
        let runtime = runtime.unwrap_or_else(|| settings.runtime.clone());
        missing_program(command.as_deref(), &runtime, &directories, command_for).map_or(Ok(()), Err)
    }

    /// Checks that the working directory can be entered, or can be made.
    fn working_directory(&self, env: &AgentEnvFile, settings: &AgentSettings) -> Result<(), String> {
        let recorded = env.value(env_var::AGENT_WORKDIR).or_else(|| settings.working_directory.clone());
        let home = self.variable(env_var::HOME).map(PathBuf::from);
        let directory = match (recorded.filter(|directory| !directory.is_empty()), home) {
            (None, home) => home,
            (Some(directory), home) => match Path::new(&directory).strip_prefix("~") {
                Ok(below) => home.map(|home| home.join(below)),
                Err(_) => Some(PathBuf::from(directory)),
            },
        };
        // A relative directory is resolved by the launcher.
        let Some(directory) = directory.filter(|directory| directory.is_absolute()) else { return Ok(()) };
        unusable_directory(&directory)
            .map_or(Ok(()), |why| Err(format!("its working directory {} cannot be used: {why}", directory.display())))
    }

    fn variable(&self, name: &str) -> Option<std::ffi::OsString> {
        self.context.environment.variable(name)
    }
}

/// The failure of reading an env file.
fn unusable_env_file(path: &Path, error: &io::Error) -> String {
    format!("its env file {} cannot be used: {error}; move it, then run 'mosaic fleet install'", path.display())
}

/// Why the program of a command is missing. `None` if it exists, or if only a shell can resolve the command.
fn missing_program(
    command: Option<&str>,
    runtime: &mosaic_domain::RuntimeName,
    directories: &[PathBuf],
    installer: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if let Some(program) = command.and_then(absolute_program) {
        return (!is_program(program)).then(|| format!("the program {} does not exist", program.display()));
    }
    let program = required_program(command, runtime)?;
    let found = find_in_directories(&program, directories, is_program);
    let searched = || env::join_paths(directories).map(|path| path.display().to_string()).unwrap_or_default();
    found.is_none().then(|| {
        let install = installer(&program).map_or_else(|| "install it".to_owned(), |command| format!("run '{command}'"));
        format!("the program {program} is not in {}: {install}, then 'mosaic fleet install'", searched())
    })
}

/// Why a directory can be neither entered nor made. `None` if it can.
fn unusable_directory(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Some("it is not a directory".to_owned()),
        Ok(_) => access(path, Access::EXEC_OK).err().map(|error| io::Error::from(error).to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let existing = path.ancestors().skip(1).find(|ancestor| ancestor.exists())?;
            let denied = access(existing, Access::WRITE_OK | Access::EXEC_OK).err().map(io::Error::from);
            denied.map(|error| format!("it does not exist and cannot be made in {}: {error}", existing.display()))
        }
        Err(error) => Some(error.to_string()),
    }
}
