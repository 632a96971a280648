//! The lock of an agent: one process at a time types to the agent, in the order of arrival.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::SpoolError;
use crate::Interrupt;

/// The exclusive right to type to an agent. The kernel releases it with this value, or when the process ends.
#[derive(Debug)]
pub struct AgentLock {
    /// The locked file.
    _lock: File,
    ticket: PathBuf,
}

const LOCK: &str = ".turn";
const TICKET: &str = ".turn-";

/// How often the lock is tried.
const RETRY_INTERVAL: Duration = Duration::from_millis(3);

impl AgentLock {
    /// Waits for the lock; `None` if it is not available by `deadline`, or this process is asked to end. Names sort by the time of arrival.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(super) fn acquire(
        directory: &Path,
        name: &str,
        deadline: Instant,
        interrupt: &Interrupt,
    ) -> Result<Option<Self>, SpoolError> {
        let lock = open(&directory.join(LOCK))?;
        let ticket = directory.join(format!("{TICKET}{name}"));
        let _ticket_lock = take_ticket(directory, &ticket)?;
        let failed = |source| SpoolError::io("lock", directory.join(LOCK))(source);
        loop {
            if !has_predecessor(directory, &ticket)? {
                match lock.try_lock() {
                    Ok(()) => return Ok(Some(Self { _lock: lock, ticket })),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(failed(source)),
                }
            }
            if Instant::now() >= deadline || interrupt.is_requested() {
                let _ = fs::remove_file(&ticket);
                return Ok(None);
            }
            thread::sleep(RETRY_INTERVAL);
        }
    }
}

impl Drop for AgentLock {
    fn drop(&mut self) {
        // A ticket that remains is not locked, so that other processes ignore it.
        let _ = fs::remove_file(&self.ticket);
    }
}

fn open(path: &Path) -> Result<File, SpoolError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(SpoolError::io("open", path))
}

/// Makes a ticket. It is locked before it gets its name, so that no other process takes it for one of an ended process.
fn take_ticket(directory: &Path, ticket: &Path) -> Result<File, SpoolError> {
    let failed = || SpoolError::io("create", ticket);
    let file = tempfile::Builder::new().prefix(".draft-").tempfile_in(directory).map_err(failed())?;
    file.as_file().lock().map_err(failed())?;
    file.persist(ticket).map_err(|error| failed()(error.error))
}

/// Returns whether a process with an earlier ticket waits. The tickets of ended processes are removed.
fn has_predecessor(directory: &Path, own: &Path) -> Result<bool, SpoolError> {
    let listed = fs::read_dir(directory).map_err(SpoolError::io("read", directory))?;
    let own = own.file_name().unwrap_or_default();
    for found in listed.flatten() {
        let name = found.file_name();
        if !name.to_string_lossy().starts_with(TICKET) || name.as_os_str() >= own {
            continue;
        }
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        match OpenOptions::new().read(true).custom_flags(flags).open(found.path()).map(|ticket| ticket.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => return Ok(true),
            Ok(Ok(())) => drop(fs::remove_file(found.path())),
            Ok(Err(TryLockError::Error(source))) => return Err(SpoolError::io("lock", found.path())(source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(SpoolError::io("open", found.path())(source)),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::{AgentLock, TICKET};
    use crate::Interrupt;
    use std::fs;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn the_lock_is_granted_to_one_at_a_time_in_the_order_of_arrival() {
        let directory = tempfile::tempdir().unwrap();
        let first = AgentLock::acquire(directory.path(), "1", soon(), &Interrupt::default()).unwrap().unwrap();
        let (done, order) = channel();
        let waiters: Vec<_> = (2..8)
            .map(|nth: u32| {
                let (path, done) = (directory.path().to_owned(), done.clone());
                let waiter = thread::spawn(move || {
                    let lock =
                        AgentLock::acquire(&path, &nth.to_string(), soon(), &Interrupt::default()).unwrap().unwrap();
                    done.send(nth).unwrap();
                    drop(lock);
                });
                while !directory.path().join(format!("{TICKET}{nth}")).exists() {
                    thread::yield_now();
                }
                waiter
            })
            .collect();
        drop(first);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_waiter_that_gives_up_does_not_block_later_ones() {
        let directory = tempfile::tempdir().unwrap();
        let first = AgentLock::acquire(directory.path(), "1", soon(), &Interrupt::default()).unwrap().unwrap();
        assert!(AgentLock::acquire(directory.path(), "2", Instant::now(), &Interrupt::default()).unwrap().is_none());
        drop(first);
        assert!(AgentLock::acquire(directory.path(), "3", soon(), &Interrupt::default()).unwrap().is_some());
    }

    #[test]
    fn the_ticket_of_an_ended_process_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let left = directory.path().join(format!("{TICKET}0"));
        fs::write(&left, "").unwrap();
        assert!(AgentLock::acquire(directory.path(), "1", soon(), &Interrupt::default()).unwrap().is_some());
        assert!(!left.exists());
    }
}
