//! A lock file that names the process that holds it.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use mosaic_domain::Pid;

/// A file that one process at a time locks exclusively, with `flock(2)`, and that contains the PID of this process. The
/// kernel releases the lock when the file is closed, so also when the process ends.
#[derive(Debug)]
pub struct LockFile(File);

impl LockFile {
    /// Opens the file without locking it. A missing file is created with mode 0600.
    ///
    /// # Errors
    /// The file cannot be opened or created.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(Self)
    }

    /// Locks the file and writes the PID of this process into it; returns `false` at once if another process holds the
    /// lock.
    ///
    /// # Errors
    /// The file cannot be locked.
    pub fn try_lock(&mut self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => {
                // The PID is only for messages; the lock holds without it.
                let _ = self
                    .0
                    .set_len(0)
                    .and_then(|()| self.0.rewind())
                    .and_then(|()| write!(self.0, "{}", std::process::id()));
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The process that holds the lock; `None` if its PID cannot be read.
    pub fn holder(&mut self) -> Option<Pid> {
        let mut text = String::new();
        self.0.rewind().ok()?;
        (&self.0).take(16).read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }

    /// Whether `path` still refers to this file.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |file: Metadata| (file.dev(), file.ino());
        let (held, found) = (self.0.metadata().map(identity), path.metadata().map(identity));
        held.is_ok_and(|held| found.is_ok_and(|found| held == found))
    }
}

#[cfg(test)]
mod tests {
    use super::LockFile;
    use std::fs;

    #[test]
    fn a_second_lock_is_refused_and_finds_the_holder() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (mut first, mut second) = (LockFile::open(&path).unwrap(), LockFile::open(&path).unwrap());
        assert_eq!(second.holder(), None);
        assert!(first.try_lock().unwrap());
        assert!(!second.try_lock().unwrap());
        assert_eq!(second.holder().unwrap().get(), std::process::id());
        drop(first);
        assert!(second.try_lock().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), std::process::id().to_string());
    }

    #[test]
    fn a_removed_or_replaced_file_is_no_longer_at_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let file = LockFile::open(&path).unwrap();
        assert!(file.is_at(&path));
        fs::remove_file(&path).unwrap();
        assert!(!file.is_at(&path));
        let _other = LockFile::open(&path).unwrap();
        assert!(!file.is_at(&path));
    }
}
