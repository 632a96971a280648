//! The lock of an agent, which admits one start and one sidecar at a time. The launcher decides which process
//! gives way.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, Pid};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;

use crate::RunDirectory;

/// The lock types of fcntl(2), in the type of the field that holds them. They are 1 and 2 on every Linux.
const WRITE_LOCK: libc::c_short = 1;
const UNLOCK: libc::c_short = 2;

/// The lock file `<run directory>/.<agent>.lock`, of which three bytes are locked independently.
///
/// The locks are POSIX record locks: the kernel releases them when their process ends, keeps them when it
/// executes another program, and tells which process holds one. They belong to the process as a whole, so a
/// process opens the file only once, and never closes it while it holds a lock.
#[derive(Debug)]
pub struct AgentLock {
    file: File,
    path: PathBuf,
    inode: (u64, u64),
}

/// What a lock protects, with the offset of its byte in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockRole {
    /// Making or adopting the session. The lock is held for milliseconds.
    Starter = 0,
    /// Watching the pane process and writing the heartbeat. The lock is held for as long as the agent lives.
    Sidecar = 1,
    /// Watching an agent whose sidecar was killed, until the next sidecar ends the holder.
    Guardian = 2,
}

impl AgentLock {
    /// Opens the lock file of an agent, and makes it if it does not exist.
    ///
    /// # Errors
    /// The file cannot be opened or made.
    pub fn open(directory: &RunDirectory, agent: &AgentName) -> io::Result<Self> {
        let path = directory.path().join(format!(".{agent}.lock"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let inode = inode(&file.metadata()?);
        Ok(Self { file, path, inode })
    }

    /// Opens the lock file of an agent in order to ask for its holder. `None` if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_existing(directory: &RunDirectory, agent: &AgentName) -> io::Result<Option<Self>> {
        let path = directory.path().join(format!(".{agent}.lock"));
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let inode = inode(&file.metadata()?);
        Ok(Some(Self { file, path, inode }))
    }

    /// Acquires a lock without waiting. Returns `false` if another process holds it.
    ///
    /// # Errors
    /// The file system does not support locks.
    pub fn try_lock(&self, role: LockRole) -> io::Result<bool> {
        match fcntl(self.file.as_fd(), FcntlArg::F_SETLK(&record(role, WRITE_LOCK))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Acquires a lock, and waits for it without a limit.
    ///
    /// # Errors
    /// The file system does not support locks.
    pub fn lock(&self, role: LockRole) -> io::Result<()> {
        loop {
            match fcntl(self.file.as_fd(), FcntlArg::F_SETLKW(&record(role, WRITE_LOCK))) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Releases a lock.
    ///
    /// # Errors
    /// The file system does not support locks.
    pub fn unlock(&self, role: LockRole) -> io::Result<()> {
        fcntl(self.file.as_fd(), FcntlArg::F_SETLK(&record(role, UNLOCK)))?;
        Ok(())
    }

    /// The other process that holds a lock.
    ///
    /// # Errors
    /// The file system does not support locks.
    pub fn holder(&self, role: LockRole) -> io::Result<Option<Pid>> {
        let mut query = record(role, WRITE_LOCK);
        fcntl(self.file.as_fd(), FcntlArg::F_GETLK(&mut query))?;
        if query.l_type == UNLOCK {
            return Ok(None);
        }
        Ok(u32::try_from(query.l_pid).ok().and_then(Pid::new))
    }

    /// Returns whether the path still leads to the locked file. It does not after the run directory was
    /// removed or replaced.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.path.metadata().is_ok_and(|found| inode(&found) == self.inode)
    }

    /// Clears close-on-exec, so that the locks survive the execution of another program in this process.
    ///
    /// # Errors
    /// `fcntl` fails.
    pub fn inherit_on_exec(&self) -> io::Result<()> {
        fcntl(self.file.as_fd(), FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(())
    }

    /// The path of the lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn inode(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn record(role: LockRole, kind: libc::c_short) -> libc::flock {
    libc::flock {
        l_type: kind,
        l_whence: 0, // SEEK_SET
        l_start: role as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentLock, LockRole, UNLOCK, WRITE_LOCK, libc};
    use crate::RunDirectory;

    #[test]
    fn the_lock_types_are_those_of_the_system() {
        assert_eq!((i32::from(WRITE_LOCK), i32::from(UNLOCK)), (libc::F_WRLCK, libc::F_UNLCK));
    }

    #[test]
    fn opening_an_existing_lock_makes_no_file() {
        let root = tempfile::tempdir().unwrap();
        let directory = RunDirectory::new(root.path().join("run"));
        let agent = "a".parse().unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().is_none());
        directory.prepare().unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().is_none());
        let lock = AgentLock::open(&directory, &agent).unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().unwrap().is_in_place());
        drop(lock);
    }

    #[test]
    fn a_replaced_lock_file_is_not_in_place() {
        let root = tempfile::tempdir().unwrap();
        let directory = RunDirectory::new(root.path().join("run"));
        directory.prepare().unwrap();
        let lock = AgentLock::open(&directory, &"a".parse().unwrap()).unwrap();
        assert!(lock.try_lock(LockRole::Sidecar).unwrap());
        assert!(lock.is_in_place());
        std::fs::remove_dir_all(directory.path()).unwrap();
        assert!(!lock.is_in_place());
        directory.prepare().unwrap();
        let other = AgentLock::open(&directory, &"a".parse().unwrap()).unwrap();
        assert!(other.is_in_place() && !lock.is_in_place());
    }
}
