//! A pidfd, a descriptor that stays bound to one process even if its PID is reused.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use mosaic_domain::{Pid, ProcessIdentity};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::ProcRoot;

/// A pidfd. It becomes readable when the process has ended, and a signal sent through it never reaches
/// another process.
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Opens the process that has this PID now.
    ///
    /// # Errors
    /// `ESRCH` if no process has it.
    pub fn open(pid: Pid) -> io::Result<Self> {
        let raw = i32::try_from(pid.get()).ok().and_then(rustix::process::Pid::from_raw);
        let raw = raw.ok_or_else(|| io::Error::from(rustix::io::Errno::SRCH))?;
        Ok(Self(pidfd_open(raw, PidfdFlags::empty())?))
    }

    /// Opens exactly this process. `None` if it has ended, even if another process has its PID by now.
    ///
    /// The descriptor is opened first and the start time checked afterwards; in the other order, the PID could
    /// be reused in between.
    ///
    /// # Errors
    /// `/proc` cannot be read, or the descriptor cannot be opened.
    pub fn open_identity(proc: &ProcRoot, process: &ProcessIdentity) -> io::Result<Option<Self>> {
        let fd = match Self::open(process.pid) {
            Ok(fd) => fd,
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(proc.liveness(process)?.is_alive().then_some(fd))
    }

    /// Waits until the process has ended, without a limit if `timeout` is `None`. Returns `false` on timeout.
    ///
    /// # Errors
    /// `poll` fails.
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

    /// Returns whether the process has ended. It may still be a zombie.
    ///
    /// # Errors
    /// `poll` fails.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Duration::ZERO))
    }

    /// Sends a signal. A process that has ended is not an error.
    ///
    /// # Errors
    /// `EPERM` if the process belongs to another user.
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
