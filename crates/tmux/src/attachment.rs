//! Clients in this process's terminal: one that types to an agent, and one that only looks at it.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus};

use mosaic_domain::{AgentName, Pid};
use mosaic_process::BoundedError;

use crate::control_client::{Bind, ControlClient};
use crate::session::exactly;
use crate::{Server, TmuxError};

/// A client that looks at an agent. It ends with this process.
#[derive(Debug)]
pub struct Watching {
    client: Child,
    /// Keeps the size of the agent's window; see [`Server::watch`].
    _anchor: ControlClient,
}

impl Server {
    /// This process becomes a client that types to the agent. It works inside another tmux too.
    ///
    /// # Errors
    /// It is an error to come back.
    pub fn become_attached(&self, agent: &AgentName) -> Result<Infallible, TmuxError> {
        let error = self.client().args(["attach-session", "-t", &exactly(agent)]).exec();
        Err(TmuxError::Run { program: self.program().to_owned(), source: BoundedError::Start(error) })
    }

    /// Starts a client that only looks at the agent, and does not resize its window.
    ///
    /// Against the name, `ignore-size` does resize while no other client has a say (tmux 3.3). So
    /// there is one that has: a client of the control mode, which has no size itself.
    ///
    /// # Errors
    /// The session is gone, or the server does not answer.
    pub fn watch(&self, agent: &AgentName, bind: Bind<'_>) -> Result<Watching, TmuxError> {
        let anchor = ControlClient::attach(self, &exactly(agent), "read-only,no-output", bind)?;
        let mut command = self.client();
        command.args(["attach-session", "-f", "read-only,ignore-size", "-t", &exactly(agent)]);
        let client = bind(&command).spawn().map_err(|error| TmuxError::Run {
            program: self.program().to_owned(),
            source: BoundedError::Start(error),
        })?;
        Ok(Watching { client, _anchor: anchor })
    }
}

impl Watching {
    /// The client's process. On SIGTERM it leaves the terminal as it was.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        Pid::new(self.client.id())
    }

    /// Waits until the client has ended: it was left, or the session is gone.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.client.wait()
    }
}
