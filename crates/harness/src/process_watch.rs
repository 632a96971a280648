use crate::Deadline;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Waits for the end of one process, which need not be a child.
///
/// The pidfd is opened once, so a reused PID is never mistaken for the process.
#[derive(Debug)]
pub struct ProcessWatch {
    pid: u32,
    pidfd: OwnedFd,
}

impl ProcessWatch {
    /// Opens a pidfd of the process.
    ///
    /// # Errors
    /// If the process does not exist or the pidfd cannot be opened.
    pub fn new(pid: u32) -> io::Result<Self> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        let pidfd = pidfd_open(raw, PidfdFlags::empty())?;
        Ok(Self { pid, pidfd })
    }

    /// The PID of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process has ended; a zombie counts as ended.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.wait_for(Duration::ZERO)
    }

    /// Waits until the process has ended; panics after [`Deadline::DEFAULT`].
    pub fn wait(&self) {
        assert!(
            self.wait_for(Deadline::DEFAULT),
            "process {} is still alive after {:?}: {}",
            self.pid,
            Deadline::DEFAULT,
            std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default()
        );
    }

    /// Waits for at most `limit` and returns whether the process has ended.
    #[must_use]
    pub fn wait_for(&self, limit: Duration) -> bool {
        let deadline = Deadline::after(limit);
        loop {
            let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
            match poll(&mut fds, Some(&deadline.timespec())) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("poll on a pidfd: {error}"),
            }
        }
    }

    /// Sends a signal to exactly this process. It is no error if the process has ended.
    pub fn signal(&self, signal: i32) {
        let named = Signal::from_named_raw(signal).expect("a named signal");
        match pidfd_send_signal(&self.pidfd, named) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => panic!("signal {signal} to process {}: {error}", self.pid),
        }
    }

    /// Waits until the process has been woken `more` times; a sidecar writes a heartbeat each time.
    ///
    /// The kernel counts wake-ups (`voluntary_ctxt_switches` in proc(5)) but has no event for them, so this polls.
    pub fn wait_wake_ups(&self, more: u64) {
        let deadline = Deadline::default();
        let before = self.wake_ups();
        while self.wake_ups() < before + more {
            assert!(!self.is_dead() && !deadline.passed(), "process {} was not woken {more} times", self.pid);
            let _ = self.wait_for(Duration::from_millis(1));
        }
    }

    fn wake_ups(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |count| count.trim().parse().expect("a number"))
    }
}

/// A process that is stopped (SIGSTOP) until this is dropped.
#[derive(Debug)]
pub struct StoppedProcess {
    process: ProcessWatch,
}

impl StoppedProcess {
    /// Stops the process and waits until it has stopped.
    #[must_use]
    pub fn new(process: ProcessWatch) -> Self {
        let frozen = Self { process };
        frozen.process.signal(Signal::STOP.as_raw());
        let deadline = Deadline::default();
        // Only the parent of a process is notified when it stops, so this polls.
        while frozen.state() != Some('T') {
            assert!(!deadline.passed(), "process {} does not stop", frozen.process.pid());
            assert!(!frozen.process.wait_for(Duration::from_millis(1)), "process {} has ended", frozen.process.pid());
        }
        frozen
    }

    /// The stopped process.
    #[must_use]
    pub fn process(&self) -> &ProcessWatch {
        &self.process
    }

    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.pid())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }
}

impl Drop for StoppedProcess {
    fn drop(&mut self) {
        self.process.signal(Signal::CONT.as_raw());
    }
}
