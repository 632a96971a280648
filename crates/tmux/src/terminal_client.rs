//! tmux clients in the terminal of this process: one that types to an agent, and one that is read-only.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus};

use mosaic_domain::{AgentName, Pid};
use mosaic_process::BoundedError;

use crate::control_client::{BindCommand, ControlClient};
use crate::session::exact_target;
use crate::{Server, TmuxError};

/// A read-only client of an agent's session. It ends with this process.
#[derive(Debug)]
pub struct WatchClient {
    client: Child,
    /// A second client, which keeps the size of the agent's window; see [`Server::watch`].
    _anchor: ControlClient,
}

impl Server {
    /// Replaces this process with a client that types to the agent. It works inside another tmux too.
    ///
    /// # Errors
    /// tmux cannot be executed; on success the call does not return.
    pub fn exec_attach(&self, agent: &AgentName) -> Result<Infallible, TmuxError> {
        let error = self.client().args(["attach-session", "-t", &exact_target(agent)]).exec();
        Err(TmuxError::Run { program: self.program().to_owned(), source: BoundedError::Start(error) })
    }

    /// Starts a read-only client of the agent's session that does not resize its window.
    ///
    /// Despite its name, `ignore-size` does not prevent resizing while no other client has a say (tmux 3.3).
    /// A client in control mode, which has no size itself, is therefore attached first.
    ///
    /// # Errors
    /// The session is gone, or the server does not answer.
    pub fn watch(&self, agent: &AgentName, bind: BindCommand<'_>) -> Result<WatchClient, TmuxError> {
        let anchor = ControlClient::attach(self, &exact_target(agent), "read-only,no-output", bind)?;
        let mut command = self.client();
        command.args(["attach-session", "-f", "read-only,ignore-size", "-t", &exact_target(agent)]);
        let client = bind(&command).spawn().map_err(|error| TmuxError::Run {
            program: self.program().to_owned(),
            source: BoundedError::Start(error),
        })?;
        Ok(WatchClient { client, _anchor: anchor })
    }
}

impl WatchClient {
    /// The PID of the client. On SIGTERM the client restores the terminal.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        Pid::new(self.client.id())
    }

    /// Waits until the client has ended, because the user detached it or the session is gone.
    ///
    /// # Errors
    /// `wait` fails.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.client.wait()
    }
}
