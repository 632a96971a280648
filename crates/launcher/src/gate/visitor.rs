//! A pane process that waits for its orders.

use std::ffi::OsString;
use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mosaic_domain::Pid;

use super::answer::Answer;
use super::{GateError, Orders};

/// A pane process at the gate. Until it is let go it executes nothing and cannot end unnoticed.
#[derive(Debug)]
pub struct Visitor {
    pub(super) pid: Pid,
    pub(super) stream: UnixStream,
}

impl Visitor {
    /// Who it is, by the kernel's word.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives it its orders. Where it may not enter the unit's group by itself, `attach` is asked to
    /// take it in; why neither worked comes back, and is no reason not to start.
    ///
    /// # Errors
    /// It does not answer within `limit`, or cannot do what it is told.
    pub fn brief(
        &self,
        orders: &Orders,
        limit: Duration,
        attach: impl FnOnce(Pid) -> Result<(), String>,
    ) -> Result<Option<OsString>, GateError> {
        self.stream.set_read_timeout(Some(limit))?;
        self.stream.set_write_timeout(Some(limit))?;
        orders.send(&self.stream)?;
        match self.answer(limit)? {
            Answer::Joined => Ok(None),
            Answer::Outside(why) => Ok(attach(self.pid).err().map(|also| format!("{why}; {also}").into())),
            Answer::Failed(failure) => Err(failure.into()),
            Answer::Gone => Err(GateError::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Lets it become the command.
    ///
    /// # Errors
    /// It cannot.
    pub fn let_go(self, limit: Duration) -> Result<(), GateError> {
        (&self.stream).write_all(b"\n")?;
        match self.answer(limit)? {
            Answer::Gone => Ok(()),
            Answer::Failed(failure) => Err(failure.into()),
            Answer::Joined | Answer::Outside(_) => Err(GateError::Broken(io::ErrorKind::InvalidData.into())),
        }
    }

    fn answer(&self, limit: Duration) -> Result<Answer, GateError> {
        match Answer::receive(BufReader::new(&self.stream)) {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(GateError::Silent(limit)),
            // Killed with unread data in its socket.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Answer::Gone),
            Err(error) => Err(error.into()),
        }
    }
}
