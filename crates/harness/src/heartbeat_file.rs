use crate::Deadline;
use crate::directory_watch::DirectoryWatch;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// An agent's heartbeat, read without the product's parser so that a fault in it shows.
#[derive(Debug)]
pub struct HeartbeatFile {
    root: PathBuf,
    path: PathBuf,
}

impl HeartbeatFile {
    pub(crate) fn new(root: &Path, path: PathBuf) -> Self {
        Self { root: root.to_owned(), path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it is, `None` when there is none.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Some(text),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            Err(error) => panic!("read {}: {error}", self.path.display()),
        }
    }

    /// Its keys and values; panics on a line that is not `key=value` and on a file cut short.
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

    /// Waits for a heartbeat that `matches`; panics with the last one seen.
    pub fn wait(&self, mut matches: impl FnMut(&BTreeMap<String, String>) -> bool) -> BTreeMap<String, String> {
        let deadline = Deadline::default();
        let directory = self.path.parent().expect("a heartbeat is in a directory");
        let watch = DirectoryWatch::new(&self.root, directory);
        loop {
            let seen = self.read();
            if let Some(heartbeat) = seen.as_ref().filter(|heartbeat| matches(heartbeat)) {
                return heartbeat.clone();
            }
            assert!(
                watch.changed(deadline),
                "no such heartbeat within {:?} in {}; the last: {seen:#?}",
                Deadline::DEFAULT,
                self.path.display()
            );
        }
    }
}
