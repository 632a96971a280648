//! By what a changed file is known, without reading it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files, as they were when they were read.
#[derive(Debug, Default)]
pub(crate) struct Stamps(Vec<(PathBuf, Option<Stamp>)>);

/// Another file in the same place has another inode; the same file with other contents, another time of change.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamps {
    /// Reads a file. Its stamp is taken before: what is written meanwhile is noticed later.
    pub(crate) fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.push((path.to_owned(), Stamp::of(path)));
        fs::read(path)
    }

    /// Whether all files still are what was read. A file that could not be read is looked at again once it is there.
    pub(crate) fn are_current(&self) -> bool {
        self.0.iter().all(|(path, stamp)| Stamp::of(path) == *stamp)
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
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
