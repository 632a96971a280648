//! Who watches the agent from now on: this process, or one that is left behind.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mosaic_domain::ExitCode;

use super::{Request, StartError};
use crate::sidecar::{Assignment, FirstReport};
use mosaic_heartbeat::AgentLock;

/// How long a sidecar may take to its first word: ending an agent that ended at once takes longest.
const PATIENCE: Duration = Duration::from_mins(1);

/// The sidecar that is to be.
pub(super) struct Successor<'a> {
    pub(super) request: &'a Request,
    pub(super) assignment: &'a Assignment,
}

impl Successor<'_> {
    /// A program that is installed beside this one.
    pub(super) fn program(name: &str) -> Result<PathBuf, StartError> {
        let here = env::current_exe().map_err(StartError::system("cannot find out where this program is"))?;
        let program = here.with_file_name(name);
        if program.is_file() {
            return Ok(program);
        }
        Err(StartError::NotInstalled { program })
    }

    /// Executes the sidecar in this process, which so stays the one that systemd watches. The
    /// starter's lock goes along until the first beat is written.
    pub(super) fn become_it(&self, lock: &AgentLock) -> StartError {
        let command =
            lock.keep_over_exec().map_err(StartError::system("cannot keep the lock")).and_then(|()| self.command());
        match command {
            Ok((program, mut command)) => self.failed(program, &command.arg("--foreground").exec().to_string()),
            Err(error) => error,
        }
    }

    /// Starts the sidecar as a process of its own, and waits for its first word.
    pub(super) fn leave_behind(&self) -> Result<(), StartError> {
        let (program, mut command) = self.command()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| self.failed(program.clone(), &error.to_string()))?;
        let Some(pipe) = child.stdout.take() else { return Err(self.failed(program, "it has no output")) };
        let (done, heard) = mpsc::sync_channel(1);
        // It closes this pipe once it has said how the start went.
        thread::spawn(move || done.send(BufReader::new(pipe).lines().map_while(Result::ok).collect::<Vec<_>>()));
        let Ok(lines) = heard.recv_timeout(PATIENCE) else {
            return Err(self.failed(program, &format!("it said nothing for {} s", PATIENCE.as_secs())));
        };
        match lines.first().map(|first| FirstReport::parse(first)) {
            Some(FirstReport::Ready) => Ok(()),
            Some(FirstReport::Ended(how)) => {
                lines[1..].iter().for_each(|line| eprintln!("{line}"));
                Err(StartError::EndedAtOnce {
                    agent: self.request.agent.clone(),
                    how,
                    command: self.request.command.display().to_string(),
                })
            }
            Some(FirstReport::Failed(why)) => {
                let busy = child.wait().is_ok_and(|status| status.code() == Some(ExitCode::Busy as i32));
                Err(StartError::Sidecar { agent: self.request.agent.clone(), program, why, busy })
            }
            None => {
                let ended = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(self.failed(program, &format!("it ended without a word, {ended}")))
            }
        }
    }

    fn command(&self) -> Result<(PathBuf, Command), StartError> {
        let program = Self::program("agent-sidecar")?;
        let mut command = Command::new(&program);
        command.args(self.assignment.to_arguments()).envs(self.request.variables());
        Ok((program, command))
    }

    fn failed(&self, program: PathBuf, why: &str) -> StartError {
        StartError::Sidecar { agent: self.request.agent.clone(), program, why: why.to_owned(), busy: false }
    }
}
