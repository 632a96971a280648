//! The launcher's side of the gate.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use mosaic_domain::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;

use super::{GateError, GateName, Visitor};

/// The gate of one agent, open.
#[derive(Debug)]
pub struct Gate(UnixListener);

impl Gate {
    /// Opens it.
    ///
    /// # Errors
    /// Somebody has the name.
    pub fn open(name: GateName) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&name.address()?)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Waits until the process `pane` comes, at most `limit`; everybody else is turned away.
    ///
    /// # Errors
    /// It did not come in time, or ended before it came.
    pub fn wait_for(&self, pane: Pid, ended: BorrowedFd<'_>, limit: Duration) -> Result<Visitor, GateError> {
        let deadline = mosaic_process::monotonic() + limit;
        loop {
            while let Some(visitor) = self.next_visitor()? {
                if visitor.pid == pane {
                    return Ok(visitor);
                }
            }
            let left = deadline.saturating_sub(mosaic_process::monotonic());
            if left.is_zero() {
                return Err(GateError::Silent(limit));
            }
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let mut polled = [PollFd::new(&self.0, PollFlags::IN), PollFd::from_borrowed_fd(ended, PollFlags::IN)];
            match poll(&mut polled, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(GateError::Broken(error.into())),
            }
            if polled[0].revents().is_empty() && !polled[1].revents().is_empty() {
                return Err(GateError::Broken(io::ErrorKind::ConnectionAborted.into()));
            }
        }
    }

    /// Who stands at the gate and is of this user; `None` if nobody does.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn next_visitor(&self) -> io::Result<Option<Visitor>> {
        loop {
            let stream = match self.0.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            };
            let peer = socket_peercred(&stream)?;
            let pid = u32::try_from(peer.pid.as_raw_nonzero().get()).ok().and_then(Pid::new);
            if let Some(pid) = pid.filter(|_| peer.uid == rustix::process::geteuid()) {
                stream.set_nonblocking(false)?;
                return Ok(Some(Visitor { pid, stream }));
            }
        }
    }
}

impl AsFd for Gate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
