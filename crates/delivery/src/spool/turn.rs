//! Whose turn it is: one carrier to an agent at a time, in the order in which they came.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::SpoolError;

/// The right to type to an agent. It ends with this value, or with the process, however that ends: the
/// kernel holds it.
#[derive(Debug)]
pub struct Turn {
    /// The lock that counts.
    _lock: File,
    ticket: PathBuf,
}

const LOCK: &str = ".turn";
const TICKET: &str = ".turn-";

/// How often is looked whether those who came before are done.
const OFTEN: Duration = Duration::from_millis(3);

impl Turn {
    /// Waits for it; `None` if it did not come by `deadline`. `name` sorts by when one came.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(super) fn take(directory: &Path, name: &str, deadline: Instant) -> Result<Option<Self>, SpoolError> {
        let lock = open(&directory.join(LOCK))?;
        let ticket = directory.join(format!("{TICKET}{name}"));
        let _drawn = draw(directory, &ticket)?;
        let failed = |source| SpoolError::io("lock", directory.join(LOCK))(source);
        loop {
            if !has_predecessor(directory, &ticket)? {
                match lock.try_lock() {
                    Ok(()) => return Ok(Some(Self { _lock: lock, ticket })),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(failed(source)),
                }
            }
            if Instant::now() >= deadline {
                let _ = fs::remove_file(&ticket);
                return Ok(None);
            }
            thread::sleep(OFTEN);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Whoever finds it is told by its lock that nobody waits with it.
        let _ = fs::remove_file(&self.ticket);
    }
}

fn open(path: &Path) -> Result<File, SpoolError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(SpoolError::io("open", path))
}

/// Draws a ticket: locked before it has its name, so that nobody takes it for one of somebody who ended.
fn draw(directory: &Path, ticket: &Path) -> Result<File, SpoolError> {
    let failed = || SpoolError::io("make", ticket);
    let draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(directory).map_err(failed())?;
    draft.as_file().lock().map_err(failed())?;
    draft.persist(ticket).map_err(|error| failed()(error.error))
}

/// Does somebody wait who came before? Tickets of those who ended are removed.
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
    use super::{TICKET, Turn};
    use std::fs;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn one_at_a_time_in_the_order_of_their_coming() {
        let directory = tempfile::tempdir().unwrap();
        let first = Turn::take(directory.path(), "1", soon()).unwrap().unwrap();
        let (done, order) = channel();
        let waiters: Vec<_> = (2..8)
            .map(|nth: u32| {
                let (path, done) = (directory.path().to_owned(), done.clone());
                let waiter = thread::spawn(move || {
                    let turn = Turn::take(&path, &nth.to_string(), soon()).unwrap().unwrap();
                    done.send(nth).unwrap();
                    drop(turn);
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
    fn who_waits_too_long_goes_and_stands_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        let first = Turn::take(directory.path(), "1", soon()).unwrap().unwrap();
        assert!(Turn::take(directory.path(), "2", Instant::now()).unwrap().is_none());
        drop(first);
        assert!(Turn::take(directory.path(), "3", soon()).unwrap().is_some());
    }

    #[test]
    fn a_ticket_of_somebody_who_ended_is_thrown_away() {
        let directory = tempfile::tempdir().unwrap();
        let left = directory.path().join(format!("{TICKET}0"));
        fs::write(&left, "").unwrap();
        assert!(Turn::take(directory.path(), "1", soon()).unwrap().is_some());
        assert!(!left.exists());
    }
}
