//! A descriptor that stands for one process, whatever happens to its PID.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use mosaic_domain::{Pid, ProcessIdentity};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::ProcRoot;

/// A pidfd: readable when the process has ended; a signal through it reaches that process or none.
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Opens whichever process has this PID now.
    ///
    /// # Errors
    /// `ESRCH`: no process has it.
    pub fn open(pid: Pid) -> io::Result<Self> {
        let raw = i32::try_from(pid.get()).ok().and_then(rustix::process::Pid::from_raw);
        let raw = raw.ok_or_else(|| io::Error::from(rustix::io::Errno::SRCH))?;
        Ok(Self(pidfd_open(raw, PidfdFlags::empty())?))
    }

    /// Opens this very process; `None` if it has ended, also when another has its PID by now.
    ///
    /// The descriptor is opened first and the start time checked afterwards: the other way round a
    /// reused PID slips in between.
    ///
    /// # Errors
    /// `/proc` cannot be read, or the descriptor not be opened for want of resources.
    pub fn open_identity(proc: &ProcRoot, meant: &ProcessIdentity) -> io::Result<Option<Self>> {
        let fd = match Self::open(meant.pid) {
            Ok(fd) => fd,
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(proc.liveness(meant)?.is_alive().then_some(fd))
    }

    /// Waits until the process has ended; `false` if it had not when the time was over. Without a
    /// timeout it waits for as long as it takes.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let deadline = timeout.map(|timeout| crate::monotonic() + timeout);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_sub(crate::monotonic()));
            let left =
                left.map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() });
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], left.as_ref()) {
                Ok(ready) => return Ok(ready > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Has the process ended? It may still be a zombie.
    ///
    /// # Errors
    /// The kernel refuses to look.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Duration::ZERO))
    }

    /// Sends a signal; to a process that has ended it does nothing.
    ///
    /// # Errors
    /// `EPERM`: it belongs to somebody else.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.0, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
