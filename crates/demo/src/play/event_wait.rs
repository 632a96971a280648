//! Waits for whatever comes first.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::Signals;
use crate::fleet::Job;

/// A signal, a heartbeat, the end of a start, or the time.
#[derive(Debug)]
pub(super) struct EventWait {
    heartbeats: OwnedFd,
}

impl EventWait {
    /// Watches the run directory: a heartbeat is renamed into its place.
    pub(super) fn new(run: &Path) -> io::Result<Self> {
        let heartbeats = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(&heartbeats, run, WatchFlags::MOVED_TO)?;
        Ok(Self { heartbeats })
    }

    /// Waits, at most for `limit`. What came is seen by looking.
    pub(super) fn wait(&self, signals: &Signals, jobs: &[Job], limit: Duration) -> io::Result<()> {
        let sources = signals.sources().into_iter().chain([self.heartbeats.as_fd()]).chain(jobs.iter().map(Job::as_fd));
        let mut fds: Vec<_> = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)).collect();
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        match poll(&mut fds, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut events = [0; 1024];
        while rustix::io::read(&self.heartbeats, &mut events).is_ok_and(|read| read > 0) {}
        Ok(())
    }
}
