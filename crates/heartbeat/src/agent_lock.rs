//! The agent's lock: one start at a time, one sidecar at a time. Who gives way to whom is not decided
//! here.

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

/// The kinds of fcntl(2), which are 1 and 2 on every Linux, in the type that its record has.
const WRITE_LOCK: libc::c_short = 1;
const UNLOCK: libc::c_short = 2;

/// `<run directory>/.<agent>.lock`, of which two bytes are locked apart.
///
/// The locks are POSIX record locks: the kernel drops them when their process dies however it dies,
/// keeps them when it executes another program, and tells who holds one. They belong to the process
/// as a whole, which is why a process opens the file only once and never closes it while it holds
/// a lock.
#[derive(Debug)]
pub struct AgentLock {
    file: File,
    path: PathBuf,
    inode: (u64, u64),
}

/// What a byte of the file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whoever makes or adopts the session; held for milliseconds.
    Starter = 0,
    /// Whoever watches the pane process and writes the heartbeat; held for as long as the agent
    /// lives.
    Sidecar = 1,
}

impl AgentLock {
    /// Opens the lock of an agent, and makes it if it is new.
    ///
    /// # Errors
    /// The run directory cannot be written.
    pub fn open(directory: &RunDirectory, agent: &AgentName) -> io::Result<Self> {
        let path = directory.path().join(format!(".{agent}.lock"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let inode = inode(&file.metadata()?);
        Ok(Self { file, path, inode })
    }

    /// Opens the lock of an agent for a look at who holds it; `None` if nobody ever did.
    ///
    /// # Errors
    /// It cannot be opened.
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

    /// Takes a role; `false` if somebody else has it.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn try_take(&self, role: Role) -> io::Result<bool> {
        match fcntl(self.file.as_fd(), FcntlArg::F_SETLK(&record(role, WRITE_LOCK))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a role, and waits for it as long as it takes.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn take(&self, role: Role) -> io::Result<()> {
        loop {
            match fcntl(self.file.as_fd(), FcntlArg::F_SETLKW(&record(role, WRITE_LOCK))) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives a role back.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn give_back(&self, role: Role) -> io::Result<()> {
        fcntl(self.file.as_fd(), FcntlArg::F_SETLK(&record(role, UNLOCK)))?;
        Ok(())
    }

    /// Which other process has a role, by the kernel's word.
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn holder(&self, role: Role) -> io::Result<Option<Pid>> {
        let mut asked = record(role, WRITE_LOCK);
        fcntl(self.file.as_fd(), FcntlArg::F_GETLK(&mut asked))?;
        if asked.l_type == UNLOCK {
            return Ok(None);
        }
        Ok(u32::try_from(asked.l_pid).ok().and_then(Pid::new))
    }

    /// Is the locked file still the one that others would find? It is not once the run directory
    /// was deleted or replaced.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.path.metadata().is_ok_and(|found| inode(&found) == self.inode)
    }

    /// Lets the locks survive the execution of another program in this process.
    ///
    /// # Errors
    /// None that is known.
    pub fn keep_over_exec(&self) -> io::Result<()> {
        fcntl(self.file.as_fd(), FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(())
    }

    /// Where the lock is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn inode(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn record(role: Role, kind: libc::c_short) -> libc::flock {
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
    use super::{AgentLock, Role, UNLOCK, WRITE_LOCK, libc};
    use crate::RunDirectory;

    #[test]
    fn the_kinds_are_those_of_the_system() {
        assert_eq!((i32::from(WRITE_LOCK), i32::from(UNLOCK)), (libc::F_WRLCK, libc::F_UNLCK));
    }

    #[test]
    fn a_look_at_a_lock_makes_none() {
        let root = tempfile::tempdir().unwrap();
        let directory = RunDirectory::at(root.path().join("run"));
        let agent = "a".parse().unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().is_none());
        directory.prepare().unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().is_none());
        let lock = AgentLock::open(&directory, &agent).unwrap();
        assert!(AgentLock::open_existing(&directory, &agent).unwrap().unwrap().is_in_place());
        drop(lock);
    }

    #[test]
    fn a_lock_file_that_was_replaced_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let directory = RunDirectory::at(root.path().join("run"));
        directory.prepare().unwrap();
        let lock = AgentLock::open(&directory, &"a".parse().unwrap()).unwrap();
        assert!(lock.try_take(Role::Sidecar).unwrap());
        assert!(lock.is_in_place());
        std::fs::remove_dir_all(directory.path()).unwrap();
        assert!(!lock.is_in_place());
        directory.prepare().unwrap();
        let other = AgentLock::open(&directory, &"a".parse().unwrap()).unwrap();
        assert!(other.is_in_place() && !lock.is_in_place());
    }
}
