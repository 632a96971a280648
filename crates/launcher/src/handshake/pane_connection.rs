//! The connection to a pane process that waits for its spec, and the replies on it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mosaic_domain::Pid;

use super::{ExecSpec, HandshakeError};

/// The reason why the pane process did not start the command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PaneFailure(pub String);

/// A reply of the pane process. Each is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PaneReply {
    /// The process has its spec, and entered the control group if the spec names one.
    Joined,
    /// The process has its spec, but may not enter the control group, for this reason.
    Outside(String),
    /// The process cannot start the command.
    Failed(PaneFailure),
    /// The connection was closed, because the process executes the command.
    Closed,
}

impl PaneReply {
    pub(super) fn send(&self, mut to: impl Write) -> io::Result<()> {
        let line = match self {
            Self::Joined => "joined\n".to_owned(),
            Self::Outside(reason) => format!("outside {}\n", reason.replace('\n', " ")),
            Self::Failed(PaneFailure(reason)) => format!("failed {}\n", reason.replace('\n', " ")),
            Self::Closed => return Ok(()),
        };
        to.write_all(line.as_bytes())
    }

    fn receive(mut from: impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("", _) => Ok(Self::Closed),
            ("joined", _) => Ok(Self::Joined),
            ("outside", reason) => Ok(Self::Outside(reason.to_owned())),
            ("failed", reason) => Ok(Self::Failed(PaneFailure(reason.to_owned()))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the pane process sent an unknown reply")),
        }
    }
}

/// The connection to a pane process. Until the process is released it executes nothing.
#[derive(Debug)]
pub struct PaneConnection {
    pid: Pid,
    stream: UnixStream,
}

impl PaneConnection {
    pub(super) fn new(pid: Pid, stream: UnixStream) -> Self {
        Self { pid, stream }
    }

    /// The PID of the process, from `SO_PEERCRED`.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends the spec. If the process may not enter the unit's control group by itself, `attach` is called to move it
    /// there. If that fails too, the reason is returned; it does not prevent the start.
    ///
    /// # Errors
    /// The process does not reply within `timeout`, or cannot apply the spec.
    pub fn send_spec(
        &self,
        spec: &ExecSpec,
        timeout: Duration,
        attach: impl FnOnce(Pid) -> Result<(), String>,
    ) -> Result<Option<OsString>, HandshakeError> {
        self.stream.set_read_timeout(Some(timeout))?;
        self.stream.set_write_timeout(Some(timeout))?;
        spec.send(&self.stream)?;
        match self.receive(timeout)? {
            PaneReply::Joined => Ok(None),
            PaneReply::Outside(reason) => Ok(attach(self.pid).err().map(|also| format!("{reason}; {also}").into())),
            PaneReply::Failed(failure) => Err(failure.into()),
            PaneReply::Closed => Err(HandshakeError::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Releases the process, which then executes the command.
    ///
    /// # Errors
    /// The process cannot execute the command.
    pub fn release(self, timeout: Duration) -> Result<(), HandshakeError> {
        (&self.stream).write_all(b"\n")?;
        match self.receive(timeout)? {
            PaneReply::Closed => Ok(()),
            PaneReply::Failed(failure) => Err(failure.into()),
            PaneReply::Joined | PaneReply::Outside(_) => Err(HandshakeError::Broken(io::ErrorKind::InvalidData.into())),
        }
    }

    fn receive(&self, timeout: Duration) -> Result<PaneReply, HandshakeError> {
        match PaneReply::receive(BufReader::new(&self.stream)) {
            Ok(reply) => Ok(reply),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(HandshakeError::Timeout(timeout)),
            // The process was killed with unread data in its socket.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(PaneReply::Closed),
            Err(error) => Err(error.into()),
        }
    }
}
