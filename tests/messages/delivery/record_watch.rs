//! What is kept of the messages to an agent, watched while it changes.

use crate::delivery::site::Site;
use mosaic_harness::{Deadline, OutboxDirectory};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::time::Timespec;
use serde_json::Value;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// It notices every step of every message from its beginning on.
#[derive(Debug)]
pub(crate) struct Outbox {
    path: PathBuf,
    inotify: OwnedFd,
}

impl Outbox {
    pub(crate) fn new(site: &Site, agent: &str) -> Self {
        let path = site.fleet.mosaic_home().join("fleet/outbox").join(agent);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&inotify, &path, WatchFlags::MOVED_TO).unwrap();
        Self { path, inotify }
    }

    /// Waits until a message is in this state, or one beyond it.
    pub(crate) fn wait_state(&self, state: &str, is_meant: impl Fn(&Value) -> bool) {
        let deadline = Deadline::default();
        loop {
            for name in self.names(deadline) {
                let Ok(bytes) = std::fs::read(self.path.join(name)) else { continue };
                let record: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                if is_meant(&record) && rank(record["state"].as_str().unwrap()) >= rank(state) {
                    return;
                }
            }
            assert!(!deadline.passed(), "no message was {state}");
        }
    }

    /// The messages that have made a step.
    fn names(&self, deadline: Deadline) -> Vec<String> {
        let remaining = Timespec::try_from(deadline.remaining()).unwrap();
        poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], Some(&remaining)).unwrap();
        let (mut buffer, mut names) = ([MaybeUninit::uninit(); 4096], Vec::new());
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        while let Ok(event) = reader.next() {
            names.extend(event.file_name().and_then(|name| name.to_str().ok()).map(str::to_owned));
        }
        names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "json"));
        names
    }
}

fn rank(state: &str) -> usize {
    ["waiting", "staged", "typing", "typed", "submitted"].iter().position(|known| *known == state).unwrap_or(usize::MAX)
}

/// All of them as they are now, oldest first.
pub(crate) fn records(site: &Site, agent: &str) -> Vec<Value> {
    OutboxDirectory::new(&site.fleet, agent).messages()
}
