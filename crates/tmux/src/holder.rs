//! The holder's session, where no unit owns the tmux server.

use mosaic_domain::HolderSession;

use crate::server::server_environment;
use crate::{FLEET_OPTIONS, Server, TmuxError};

/// What became of a holder that was to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Its session is new, and the server too if there was none.
    Started,
    /// Its session was there already.
    AlreadyThere,
}

impl Server {
    /// Makes the session that keeps the server alive while no agent runs, and the server with it if
    /// there is none: with the fleet's options, and an environment that is nobody's.
    ///
    /// A server that is there keeps its options. One that is made here ends with its last session,
    /// unlike that of the unit: so that a stop needs not ask whether somebody else is on it.
    ///
    /// # Errors
    /// The server cannot be started or asked, or refuses.
    pub fn start_holder(&self, session: &HolderSession) -> Result<Holder, TmuxError> {
        // Two words after `--`, or tmux hands a single one to a shell.
        let wanted = ["new-session", "-d", "-s", session.as_str(), "-c", "/", "--", "sleep", "infinity"];
        let mut made = self.answer("new-session", self.client().args(wanted));
        if let Err(TmuxError::NoServer { .. }) = made {
            let mut command = self.any_client();
            command.env_clear().envs(server_environment()).arg("start-server");
            for (scope, name, value) in FLEET_OPTIONS {
                command.args([";", "set-option", scope, name, value]);
            }
            made = self.answer("new-session", command.arg(";").args(wanted));
        }
        match made {
            Ok(_) => Ok(Holder::Started),
            Err(TmuxError::Refused { message, .. }) if message.starts_with("duplicate session") => {
                Ok(Holder::AlreadyThere)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the holder's session; that it is not there is no error. The server goes with it unless
    /// another session, or the unit's options, keep it.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn end_holder(&self, session: &HolderSession) -> Result<(), TmuxError> {
        self.kill_session_at(&format!("={session}:"))
    }
}
