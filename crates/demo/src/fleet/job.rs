//! A start that is under way.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mosaic_domain::{AgentName, Pid};
use mosaic_process::PidFd;
use rustix::process::Signal;

use crate::error::DemoError;

/// A child process that starts an agent; its descriptor is readable when it has ended.
#[derive(Debug)]
pub(crate) struct Job {
    agent: AgentName,
    child: Child,
    fd: PidFd,
    said: PathBuf,
}

impl Job {
    /// Starts it. What it says goes to the file `said`: a pipe could be held open by what it leaves
    /// behind.
    pub(crate) fn begin(agent: AgentName, command: &mut Command, said: PathBuf) -> io::Result<Self> {
        let file = File::create(&said)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        // It is our child: until we wait for it, nobody else has its PID.
        let fd = PidFd::open(Pid::new(child.id()).ok_or(io::ErrorKind::NotFound)?)?;
        Ok(Self { agent, child, fd, said })
    }

    /// Whom it starts.
    pub(crate) fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// Has it ended?
    pub(crate) fn has_ended(&self) -> bool {
        self.fd.has_ended().unwrap_or(true)
    }

    /// How it ended; waits for that.
    pub(crate) fn result(mut self, explain: impl FnOnce() -> String) -> Result<(), DemoError> {
        let failed = |why| DemoError::Start { agent: self.agent.to_string(), why };
        let status = self.child.wait().map_err(|error| failed(error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        let text = [status.to_string(), said, explain()].map(|part| part.trim_end().to_owned());
        Err(failed(text.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n")))
    }

    /// Ends it, so that it starts nothing any more.
    pub(crate) fn cancel(mut self) {
        let _ = self.fd.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

impl AsFd for Job {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
