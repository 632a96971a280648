use crate::{Deadline, Fleet};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Waits for changes in a directory, which need not exist yet.
#[derive(Debug)]
pub(crate) struct DirectoryWatch {
    inotify: OwnedFd,
    top: PathBuf,
    directory: PathBuf,
}

impl DirectoryWatch {
    /// Watches `directory` and its ancestors up to `top`, so that its creation is noticed too.
    pub(crate) fn new(top: &Path, directory: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .expect("create an inotify instance (limit: fs.inotify.max_user_instances)");
        let watch = Self { inotify, top: top.to_owned(), directory: directory.to_owned() };
        watch.arm();
        watch
    }

    /// Waits for a change; returns false if the deadline passes first.
    pub(crate) fn changed(&self, deadline: Deadline) -> bool {
        let mut fds = [PollFd::new(&self.inotify, PollFlags::IN)];
        let ready = match poll(&mut fds, Some(&deadline.timespec())) {
            Ok(ready) => ready > 0,
            Err(rustix::io::Errno::INTR) => true,
            Err(error) => panic!("poll on inotify: {error}"),
        };
        let mut events = [0; 4096];
        while rustix::io::read(&self.inotify, &mut events).is_ok() {}
        // A replaced directory has no watch yet. The caller reads it after this, so no change is missed.
        self.arm();
        ready
    }

    fn arm(&self) {
        let mut paths: Vec<_> = self.directory.ancestors().take_while(|path| path.starts_with(&self.top)).collect();
        if paths.is_empty() {
            paths.push(&self.directory);
        }
        // From the top, so that a directory that is created meanwhile is created below a watch.
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

/// A file that a program writes line by line, for example its standard error.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// Names a log file, which need not exist yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Creates the file for a program to write to.
    #[must_use]
    pub fn create(&self) -> File {
        File::create(&self.path).expect("create a log file")
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.path).expect("read a log file").lines().map(str::to_owned).collect()
    }

    /// Waits until the file has at least `count` lines, and returns all of them.
    #[must_use]
    pub fn wait_lines(&self, count: usize) -> Vec<String> {
        let deadline = Deadline::default();
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let watch = DirectoryWatch::new(directory, directory);
        loop {
            let lines = self.lines();
            if lines.len() >= count {
                return lines;
            }
            assert!(watch.changed(deadline), "expected {count} lines within {:?}, got: {lines:#?}", Deadline::DEFAULT);
        }
    }
}

/// An agent's heartbeat file. It is read without the product's parser, so that tests find faults in that parser.
#[derive(Debug)]
pub struct HeartbeatFile {
    root: PathBuf,
    path: PathBuf,
}

impl HeartbeatFile {
    pub(crate) fn new(root: &Path, path: PathBuf) -> Self {
        Self { root: root.to_owned(), path }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the file, or `None` if it does not exist.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Some(text),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            Err(error) => panic!("read {}: {error}", self.path.display()),
        }
    }

    /// The keys and values; panics on a line that is not `key=value` and on a file without a final newline.
    #[must_use]
    pub fn read(&self) -> Option<BTreeMap<String, String>> {
        let text = self.text()?;
        assert!(text.ends_with('\n'), "torn heartbeat {}: {text:?}", self.path.display());
        let pairs = text.lines().map(|line| {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("heartbeat line {line:?} of {text:?}"));
            (key.to_owned(), value.to_owned())
        });
        Some(pairs.collect())
    }

    /// Waits for a heartbeat that `matches`; panics with the last heartbeat on timeout.
    pub fn wait(&self, mut matches: impl FnMut(&BTreeMap<String, String>) -> bool) -> BTreeMap<String, String> {
        let deadline = Deadline::default();
        let directory = self.path.parent().expect("a heartbeat has a parent directory");
        let watch = DirectoryWatch::new(&self.root, directory);
        loop {
            let seen = self.read();
            if let Some(heartbeat) = seen.as_ref().filter(|heartbeat| matches(heartbeat)) {
                return heartbeat.clone();
            }
            assert!(
                watch.changed(deadline),
                "no matching heartbeat within {:?} in {}; the last: {seen:#?}",
                Deadline::DEFAULT,
                self.path.display()
            );
        }
    }
}

/// The outbox directory of one agent.
#[derive(Debug)]
pub struct OutboxDirectory {
    top: PathBuf,
    path: PathBuf,
}

impl OutboxDirectory {
    /// Names the outbox of an agent, which need not exist yet.
    #[must_use]
    pub fn new(fleet: &Fleet, agent: &str) -> Self {
        Self { top: fleet.root().to_owned(), path: fleet.mosaic_home().join("fleet/outbox").join(agent) }
    }

    /// The file that marks an outbox with waiting messages.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.path.join(".waiting")
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        let mut files = message_files(&self.path);
        files.sort_unstable();
        // A file that has just been removed is skipped.
        let read = files.iter().filter_map(|file| std::fs::read(file).ok());
        read.map(|bytes| serde_json::from_slice(&bytes).expect("a message is JSON")).collect()
    }

    /// The states of the messages, oldest first.
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        let messages = self.messages();
        messages.iter().map(|message| message["state"].as_str().expect("a state is a string").to_owned()).collect()
    }

    /// Waits until the messages have these states.
    pub fn wait_states(&self, expected: &[&str]) {
        let (deadline, watch) = (Deadline::default(), DirectoryWatch::new(&self.top, &self.path));
        while self.states() != expected {
            assert!(watch.changed(deadline), "the messages do not reach {expected:?}: {:#?}", self.messages());
        }
    }

    /// Waits until the mark of waiting messages is removed.
    pub fn wait_unmarked(&self) {
        let (deadline, watch) = (Deadline::default(), DirectoryWatch::new(&self.top, &self.path));
        while self.mark().exists() {
            assert!(watch.changed(deadline), "the mark of waiting messages still exists: {:#?}", self.messages());
        }
    }
}

fn message_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}
