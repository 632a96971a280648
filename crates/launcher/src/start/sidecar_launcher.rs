//! Starting the sidecar: in this process, or as a process of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mosaic_heartbeat::AgentLock;
use mosaic_process::spawn_thread;

use super::{StartError, StartOutput};
use crate::launch_settings::LaunchSettings;
use crate::sidecar::{Assignment, StartReport};

/// How long to wait for the report of a sidecar. It takes longest when it has to end an agent that failed to start.
const REPORT_TIMEOUT: Duration = Duration::from_mins(1);

/// The path of a program that is installed beside this one.
pub(super) fn sibling_program(name: &str) -> Result<PathBuf, StartError> {
    let current = env::current_exe().map_err(StartError::system("cannot determine the path of this program"))?;
    let program = current.with_file_name(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(StartError::NotInstalled { program })
}

/// Starts the sidecar of an agent.
pub(super) struct SidecarLauncher<'a> {
    pub(super) settings: &'a LaunchSettings,
    pub(super) assignment: &'a Assignment,
}

impl SidecarLauncher<'_> {
    /// Executes the sidecar in this process, which so stays the one that systemd watches. The process keeps the
    /// starter's lock until the first heartbeat is written. Returns only on failure.
    pub(super) fn exec(&self, lock: &AgentLock) -> StartError {
        let command =
            lock.inherit_on_exec().map_err(StartError::system("cannot keep the lock")).and_then(|()| self.command());
        match command {
            Ok((program, mut command)) => self.failed(program, &command.arg("--foreground").exec().to_string()),
            Err(error) => error,
        }
    }

    /// Spawns the sidecar as a detached process, and waits for its report.
    pub(super) fn spawn_detached(&self, output: StartOutput) -> Result<(), StartError> {
        let (program, mut command) = self.command()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| self.failed(program.clone(), &error.to_string()))?;
        let Some(pipe) = child.stdout.take() else { return Err(self.failed(program, "it has no output")) };
        let (done, report) = mpsc::sync_channel(1);
        // The sidecar closes the pipe after its report.
        let read = move || done.send(BufReader::new(pipe).lines().map_while(Result::ok).collect::<Vec<_>>());
        // The sidecar and the agent run on.
        spawn_thread(read).map_err(|error| self.failed(program.clone(), &error.to_string()))?;
        let Ok(lines) = report.recv_timeout(REPORT_TIMEOUT) else {
            return Err(self.failed(program, &format!("it did not report within {} s", REPORT_TIMEOUT.as_secs())));
        };
        let agent = self.settings.agent.clone();
        match lines.first().map(|first| StartReport::parse(first)) {
            Some(StartReport::Ready) => Ok(()),
            Some(StartReport::Ended(how)) => {
                lines[1..].iter().for_each(|line| output.pane_line(line));
                let command = self.settings.command.display().to_string();
                Err(StartError::EndedAtOnce { agent, how, command })
            }
            Some(StartReport::Busy(reason)) => Err(StartError::SidecarBusy { agent, program, reason }),
            Some(StartReport::Failed(reason)) => Err(StartError::SidecarFailed { agent, program, reason }),
            None => {
                let ended = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(self.failed(program, &format!("it ended without a report, {ended}")))
            }
        }
    }

    fn command(&self) -> Result<(PathBuf, Command), StartError> {
        let program = sibling_program("agent-sidecar")?;
        let mut command = Command::new(&program);
        command.args(self.assignment.to_arguments()).envs(self.settings.variables());
        Ok((program, command))
    }

    fn failed(&self, program: PathBuf, reason: &str) -> StartError {
        StartError::SidecarFailed { agent: self.settings.agent.clone(), program, reason: reason.to_owned() }
    }
}
