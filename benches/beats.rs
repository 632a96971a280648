//! Heartbeats as they are written.

use mosaic_harness::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is renamed into a run directory, by inotify: that is a beat of either contestant.
#[derive(Debug)]
pub(crate) struct Beats {
    inotify: OwnedFd,
}

impl Beats {
    /// From now on.
    pub(crate) fn watch(directory: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .expect("an inotify instance (fs.inotify.max_user_instances)");
        inotify::add_watch(&inotify, directory, WatchFlags::MOVED_TO | WatchFlags::ONLYDIR).expect("watch a directory");
        Self { inotify }
    }

    /// What becomes readable when there are more.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// The agents that have beaten since the last look, one entry a beat; does not wait.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut agents = Vec::new();
        while let Ok(event) = events.next() {
            let name = event.file_name().and_then(|name| name.to_str().ok()).unwrap_or_default();
            agents.extend(name.strip_suffix(".hb").map(str::to_owned));
        }
        agents
    }

    /// The agents that beat next, one entry a beat; none when the time is over.
    pub(crate) fn next(&mut self, limit: Duration) -> Vec<String> {
        let limit = Timespec::try_from(limit).expect("a time to wait fits a timespec");
        let mut watched = [PollFd::new(&self.inotify, PollFlags::IN)];
        match poll(&mut watched, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => self.seen(),
            Err(error) => panic!("poll on inotify: {error}"),
        }
    }

    /// Waits for so many beats of an agent; how many there were in the end, and when that was.
    pub(crate) fn wait(&mut self, agent: &str, beats: usize, deadline: Deadline) -> Result<(usize, Instant), String> {
        let mut counted = 0;
        while counted < beats {
            if deadline.passed() {
                return Err(format!("{agent}: {counted} of {beats} beats within {:?}", Deadline::DEFAULT));
            }
            counted += self.next(deadline.remaining()).iter().filter(|name| *name == agent).count();
        }
        Ok((counted, Instant::now()))
    }
}
