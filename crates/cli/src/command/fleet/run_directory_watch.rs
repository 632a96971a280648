//! Whether something happens in the run directory: a heartbeat that is written, for one.

use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

/// A directory that is watched from now on; one that is not there, or cannot be, never changes.
#[derive(Debug)]
pub(super) struct RunDirectoryWatch(Option<OwnedFd>);

impl RunDirectoryWatch {
    pub(super) fn begin(directory: &Path) -> Self {
        let watch = || {
            let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            add_watch(&events, directory, WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::DELETE)?;
            rustix::io::Result::Ok(events)
        };
        Self(watch().ok())
    }

    /// Waits until something has happened, but no longer than this.
    pub(super) fn wait(&self, limit: Duration) {
        let Some(events) = &self.0 else { return std::thread::sleep(limit) };
        let limit = Timespec::try_from(limit).ok();
        // A signal that interrupts it only makes the next look come sooner.
        let _ = poll(&mut [PollFd::new(events, PollFlags::IN)], limit.as_ref());
    }
}
