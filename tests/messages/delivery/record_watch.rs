//! The message records of an agent, watched while they change.

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

/// Notices every state change of every message from its creation on.
#[derive(Debug)]
pub(crate) struct RecordWatch {
    path: PathBuf,
    inotify: OwnedFd,
}

impl RecordWatch {
    pub(crate) fn new(site: &Site, agent: &str) -> Self {
        let path = site.fleet.mosaic_home().join("fleet/outbox").join(agent);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&inotify, &path, WatchFlags::MOVED_TO).unwrap();
        Self { path, inotify }
    }

    /// Waits until a matching message is in this state or a later one.
    pub(crate) fn wait_state(&self, state: &str, matches: impl Fn(&Value) -> bool) {
        let deadline = Deadline::default();
        loop {
            for name in self.names(deadline) {
                let Ok(bytes) = std::fs::read(self.path.join(name)) else { continue };
                let record: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                if matches(&record) && rank(record["state"].as_str().unwrap()) >= rank(state) {
                    return;
                }
            }
            assert!(!deadline.passed(), "no message was {state}");
        }
    }

    /// The files of messages whose state has changed.
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

/// All present records, oldest first.
pub(crate) fn records(site: &Site, agent: &str) -> Vec<Value> {
    OutboxDirectory::new(&site.fleet, agent).messages()
}
