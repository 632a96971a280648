use crate::directory_watch::DirectoryWatch;
use crate::{Deadline, Fleet};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a fleet keeps of the messages to one agent.
#[derive(Debug)]
pub struct OutboxDirectory {
    top: PathBuf,
    path: PathBuf,
}

impl OutboxDirectory {
    /// That of an agent; it need not be there yet.
    #[must_use]
    pub fn new(fleet: &Fleet, agent: &str) -> Self {
        Self { top: fleet.root().to_owned(), path: fleet.mosaic_home().join("fleet/outbox").join(agent) }
    }

    /// The file that says that messages wait.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.path.join(".waiting")
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        let mut files = files(&self.path);
        files.sort_unstable();
        // One that was forgotten in this moment is none.
        let read = files.iter().filter_map(|file| std::fs::read(file).ok());
        read.map(|bytes| serde_json::from_slice(&bytes).expect("a message is JSON")).collect()
    }

    /// The state of each.
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        let messages = self.messages();
        messages.iter().map(|message| message["state"].as_str().expect("a word").to_owned()).collect()
    }

    /// Waits until the messages are in these states.
    pub fn wait_states(&self, expected: &[&str]) {
        let (deadline, watch) = (Deadline::default(), DirectoryWatch::new(&self.top, &self.path));
        while self.states() != expected {
            assert!(watch.changed(deadline), "never {expected:?}: {:#?}", self.messages());
        }
    }

    /// Waits until nothing says any more that messages wait.
    pub fn wait_unmarked(&self) {
        let (deadline, watch) = (Deadline::default(), DirectoryWatch::new(&self.top, &self.path));
        while self.mark().exists() {
            assert!(watch.changed(deadline), "there is still the mark: {:#?}", self.messages());
        }
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}
