//! Detects changed files without reading them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mosaic_regular_file::MAX_CONFIGURATION_BYTES;

/// The files of a configuration, with their metadata at the time of reading.
#[derive(Debug, Default)]
pub(crate) struct FileStamps(Vec<(PathBuf, Option<FileStamp>)>);

/// A replaced file has another inode, and a file that was written to has another time of change.
#[derive(Debug, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamps {
    /// Reads a file. Its stamp is taken first, so that a change during the read is noticed later.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.push((path.to_owned(), FileStamp::read(path)));
        mosaic_regular_file::read(path, MAX_CONFIGURATION_BYTES)
    }

    /// Whether no file has changed. A file that could not be read counts as changed once it exists.
    pub(crate) fn are_current(&self) -> bool {
        self.0.iter().all(|(path, stamp)| FileStamp::read(path) == *stamp)
    }
}

impl FileStamp {
    fn read(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            bytes: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}
