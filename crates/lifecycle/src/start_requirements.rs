//! Checks what the start of an agent needs, before anything is stopped: a restart must not end an agent that cannot be
//! started again.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, default_program_directories, env_var};
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

/// What the agents of one fleet need in order to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StartRequirements<'a> {
    pub(crate) context: &'a FleetContext,
    pub(crate) roster: &'a Roster,
    pub(crate) mode: ExecutionMode,
}

impl StartRequirements<'_> {
    /// Checks one agent. Without `starts` nothing is checked. With `ends_agent` the agent runs and is to be stopped first,
    /// so everything is checked that would make the start fail; otherwise the start itself reports that.
    ///
    /// An env file that does not say what the agent runs is written from the roster, because the agent would run the
    /// default command.
    ///
    /// # Errors
    /// The agent cannot be started.
    pub(crate) fn check(
        &self,
        agent: &AgentName,
        starts: bool,
        ends_agent: bool,
        reporter: &mut dyn Reporter,
    ) -> Result<(), ActionFailure> {
        let Some(entry) = self.roster.agent(agent.as_str()).filter(|_| starts) else { return Ok(()) };
        let settings = self.roster.settings(entry);
        let path = self.context.location.home.paths().agent_env(agent);
        let env = self.env_file(&path, &settings, reporter).map_err(|reason| ActionFailure {
            kind: FailureKind::Configuration,
            reason: if ends_agent { format!("not restarted: {reason}") } else { reason },
        })?;
        if ends_agent {
            let full = self.context.location.run_directory.write_fault();
            let checked = full.map_or(Ok(()), Err).and_then(|()| self.programs(&env, &settings));
            checked.and_then(|()| self.working_directory(&env, &settings)).map_err(|reason| ActionFailure {
                kind: FailureKind::Unavailable,
                reason: format!("not restarted: {reason}"),
            })?;
        }
        Ok(())
    }

    /// Reads the env file, and writes it if it does not say what the agent runs.
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
        match present {
            Some(file) if is_complete(&file) => Ok(file),
            // The launcher gets the same variables without the file.
            present if self.mode == ExecutionMode::Direct => Ok(present.unwrap_or_default().merged(settings, None)),
            present => {
                let file = present.unwrap_or_default().merged(settings, self.search_path().as_deref());
                self.write_env_file(path, &file).map_err(|error| error.to_string())?;
                reporter.report(LifecycleEvent::EnvFileWritten { path: path.to_owned() });
                Ok(file)
            }
        }
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
                if let Some(missing) = UNIT_PROGRAMS.iter().find(|name| !is_program(&installed.join(name))) {
                    let missing = installed.join(missing);
                    return Err(format!("{} is missing: run 'mosaic fleet install'", missing.display()));
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
        missing_program(command.as_deref(), &runtime.unwrap_or_else(|| settings.runtime.clone()), &directories)
            .map_or(Ok(()), Err)
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
) -> Option<String> {
    if let Some(program) = command.and_then(absolute_program) {
        return (!is_program(program)).then(|| format!("its program {} does not exist", program.display()));
    }
    let program = required_program(command, runtime)?;
    let found = find_in_directories(&program, directories, is_program);
    let searched = || env::join_paths(directories).map(|path| path.display().to_string()).unwrap_or_default();
    found.is_none().then(|| {
        format!(
            "its program {program} is in none of the directories {}: install it, then run 'mosaic fleet install'",
            searched()
        )
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
