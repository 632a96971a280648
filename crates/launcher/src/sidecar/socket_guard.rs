//! Making the tmux server open its socket again after the socket's file was removed, as cleaners of `/tmp` do.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_process::ProcRoot;
use mosaic_tmux::{Server, reopen_socket};
use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::journal::{self, Priority};

/// How long the server may take to open its socket. It takes milliseconds unless it hangs.
const REOPEN_TIMEOUT: Duration = Duration::from_secs(1);

/// The socket of the server in which the agent runs. While its file exists, a check is one system call.
#[derive(Debug)]
pub(super) struct SocketGuard {
    path: PathBuf,
    /// The same path, made once so that a check allocates nothing.
    file: Option<CString>,
    server: Option<ProcessIdentity>,
    /// The socket could not be opened, and that was logged.
    is_failing: bool,
}

impl SocketGuard {
    /// The socket of the server with this PID.
    pub(super) fn new(proc: &ProcRoot, server: &Server, pid: Pid) -> Self {
        let path = server.socket_path();
        Self {
            file: CString::new(path.clone().into_os_string().into_vec()).ok(),
            path,
            server: proc.identity(pid).ok().flatten(),
            is_failing: false,
        }
    }

    /// Makes the server open its socket again if the socket's file is gone. A failure does not affect the agent: it is
    /// logged once, and tried again at the next check.
    pub(super) fn restore(&mut self, proc: &ProcRoot, agent: &AgentName) {
        let (Some(file), Some(server)) = (self.file.as_deref(), &self.server) else { return };
        if access(file, Access::EXISTS) != Err(Errno::NOENT) {
            self.is_failing = false;
            return;
        }
        let path = self.path.display();
        match reopen_socket(proc, &self.path, server, REOPEN_TIMEOUT) {
            Ok(true) => {
                let message = format!("the socket {path} was removed, and the tmux server has opened it again");
                journal::record_meanwhile(Priority::Notice, agent, &message);
            }
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let message = format!("the socket {path} was removed; {agent} runs on: {error}");
                journal::record_meanwhile(Priority::Warning, agent, &message);
            }
            Ok(false) | Err(_) => {}
        }
    }
}
