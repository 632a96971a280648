use crate::Deadline;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Wakes up when something changes in a directory, which may not exist yet.
#[derive(Debug)]
pub(crate) struct DirectoryWatch {
    inotify: OwnedFd,
    top: PathBuf,
    directory: PathBuf,
}

impl DirectoryWatch {
    /// Watches `directory` and everything between it and `top`, so that its creation is seen too.
    pub(crate) fn new(top: &Path, directory: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .expect("an inotify instance (fs.inotify.max_user_instances)");
        let watch = Self { inotify, top: top.to_owned(), directory: directory.to_owned() };
        watch.arm();
        watch
    }

    /// Waits for a change; false when the deadline came first.
    pub(crate) fn changed(&self, deadline: Deadline) -> bool {
        let mut fds = [PollFd::new(&self.inotify, PollFlags::IN)];
        let ready = match poll(&mut fds, Some(&deadline.timespec())) {
            Ok(ready) => ready > 0,
            Err(rustix::io::Errno::INTR) => true,
            Err(error) => panic!("poll on inotify: {error}"),
        };
        let mut events = [0; 4096];
        while rustix::io::read(&self.inotify, &mut events).is_ok() {}
        // A directory that was replaced has no watch yet, and what happened in it meanwhile is
        // read by the caller only after this.
        self.arm();
        ready
    }

    fn arm(&self) {
        let mut paths: Vec<_> = self.directory.ancestors().take_while(|path| path.starts_with(&self.top)).collect();
        if paths.is_empty() {
            paths.push(&self.directory);
        }
        // From the top: what is made while this goes on is then made under a watch, and wakes us.
        for path in paths.into_iter().rev() {
            match inotify::add_watch(
                &self.inotify,
                path,
                WatchFlags::CREATE
                    | WatchFlags::MOVED_TO
                    | WatchFlags::MOVED_FROM
                    | WatchFlags::MODIFY
                    | WatchFlags::CLOSE_WRITE
                    | WatchFlags::DELETE
                    | WatchFlags::DELETE_SELF
                    | WatchFlags::ONLYDIR,
            ) {
                Ok(_) => {}
                Err(error) if io::Error::from(error).kind() == io::ErrorKind::NotFound => {}
                Err(error) => panic!("watch {}: {error}", path.display()),
            }
        }
    }
}
