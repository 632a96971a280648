use crate::Deadline;
use crate::directory_watch::DirectoryWatch;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file that a program writes line by line, its standard error say.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// One that is not there yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// For a program to write to.
    #[must_use]
    pub fn create(&self) -> File {
        File::create(&self.path).expect("a log file")
    }

    /// What it says by now.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.path).expect("read a log file").lines().map(str::to_owned).collect()
    }

    /// Waits until it has as many lines, and maybe more.
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
            assert!(watch.changed(deadline), "{count} lines within {:?}; there are: {lines:#?}", Deadline::DEFAULT);
        }
    }
}
