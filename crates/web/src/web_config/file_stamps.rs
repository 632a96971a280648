//! Detects changed files without reading them.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
        read_regular_file(path)
    }

    /// Whether no file has changed. A file that could not be read counts as changed once it exists.
    pub(crate) fn are_current(&self) -> bool {
        self.0.iter().all(|(path, stamp)| FileStamp::read(path) == *stamp)
    }
}

/// The largest file that is read. A configuration or a chain of certificates has a few kilobytes.
const MAX_BYTES: u64 = 4 << 20;

/// Reads a regular file. Opening a FIFO or reading a device could block or never end.
fn read_regular_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if found.len() > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
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
