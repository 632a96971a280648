//! Who watches the agent from now on: this process, or one that is left behind.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Request, StartError};
use crate::lock::AgentLock;
use crate::sidecar::{Assignment, FirstReport};

/// The sidecar that is to be.
pub(super) struct Successor<'a> {
    pub(super) request: &'a Request,
    pub(super) assignment: &'a Assignment,
}

impl Successor<'_> {
    /// A program that is installed beside this one.
    pub(super) fn program(request: &Request, name: &str) -> Result<PathBuf, StartError> {
        let here = env::current_exe().map_err(StartError::system("cannot find out where this program is"))?;
        let program = here.with_file_name(name);
        if program.is_file() {
            return Ok(program);
        }
        Err(StartError::Sidecar {
            agent: request.agent.clone(),
            program,
            why: "it is not there; it belongs beside start-agent-session, so install them together".to_owned(),
        })
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
        // It closes this pipe once it has said how the start went.
        let mut lines = child.stdout.take().map(|pipe| BufReader::new(pipe).lines().map_while(Result::ok));
        let mut next = || lines.as_mut().and_then(Iterator::next);
        match next().as_deref().map(FirstReport::parse) {
            Some(FirstReport::Ready) => Ok(()),
            Some(FirstReport::Ended(how)) => {
                while let Some(line) = next() {
                    eprintln!("{line}");
                }
                Err(StartError::EndedAtOnce {
                    agent: self.request.agent.clone(),
                    how,
                    command: self.request.command.display().to_string(),
                })
            }
            Some(FirstReport::Failed(why)) => Err(self.failed(program, &why)),
            None => {
                let ended = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(self.failed(program, &format!("it ended without a word, {ended}")))
            }
        }
    }

    fn command(&self) -> Result<(PathBuf, Command), StartError> {
        let program = Self::program(self.request, "agent-sidecar")?;
        let mut command = Command::new(&program);
        command.args(self.assignment.to_arguments()).envs(self.request.variables());
        Ok((program, command))
    }

    fn failed(&self, program: PathBuf, why: &str) -> StartError {
        StartError::Sidecar { agent: self.request.agent.clone(), program, why: why.to_owned() }
    }
}
