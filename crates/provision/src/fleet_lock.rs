//! The lock that serializes changes of a fleet.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mosaic_domain::Pid;

use crate::files::create_directory;
use crate::{Layout, ProvisionError};

/// An exclusive `flock(2)` that a process holds while it changes the roster or the installation. The kernel releases
/// it when the process ends.
#[derive(Debug)]
pub struct FleetLock {
    file: File,
}

impl FleetLock {
    /// Acquires the lock, waiting up to `timeout`. Creates the fleet's directory, which contains the lock file.
    ///
    /// # Errors
    /// Another process holds the lock for longer, or the lock file cannot be opened.
    pub fn acquire(layout: &Layout, timeout: Duration) -> Result<Self, ProvisionError> {
        let started = Instant::now();
        let path = layout.lock();
        loop {
            create_directory(&layout.fleet(), 0o700)?;
            let mut file = open(&path).map_err(ProvisionError::file("lock", &path))?;
            match file.try_lock() {
                Ok(()) if is_in_place(&file, &path) => {
                    // The PID is only for the messages of waiting processes.
                    let _ = write_holder(&mut file);
                    return Ok(Self { file });
                }
                // An uninstall has removed the file meanwhile: lock the new file instead.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() < timeout => {
                    // flock(2) has no timeout, and a thread that waits in it cannot be cancelled.
                    thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(ProvisionError::LockHeld { holder: holder(&mut file), waited: timeout });
                }
                Err(TryLockError::Error(error)) => return Err(ProvisionError::file("lock", &path)(error)),
            }
        }
    }

    /// Removes the lock file and the directories above it if they are empty, as the last act of an uninstall, and
    /// releases the lock.
    pub fn remove(self, layout: &Layout) {
        // On failure, an empty file or a directory with other files remains.
        let _ = fs::remove_file(layout.lock());
        for directory in [layout.fleet(), layout.mosaic_home().to_owned()] {
            let _ = fs::remove_dir(directory);
        }
        drop(self.file);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn is_in_place(file: &File, path: &Path) -> bool {
    let identity = |file: fs::Metadata| (file.dev(), file.ino());
    let (held, found) = (file.metadata().map(identity), path.metadata().map(identity));
    held.is_ok_and(|held| found.is_ok_and(|found| held == found))
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> Option<Pid> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    Pid::new(text.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::FleetLock;
    use crate::ProvisionError;
    use crate::layout::tests::layout;
    use std::time::Duration;

    #[test]
    fn a_held_lock_is_refused_with_its_holder_until_released() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let first = FleetLock::acquire(&layout, Duration::ZERO).unwrap();
        let refused = FleetLock::acquire(&layout, Duration::ZERO).unwrap_err();
        assert!(matches!(refused, ProvisionError::LockHeld { .. }));
        assert!(refused.to_string().contains(&format!("PID {}", std::process::id())), "{refused}");
        drop(first);
        FleetLock::acquire(&layout, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_waiting_process_locks_the_new_file_after_a_removal() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let first = FleetLock::acquire(&layout, Duration::ZERO).unwrap();
        let waiting = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| FleetLock::acquire(&layout, Duration::from_mins(1)));
            first.remove(&layout);
            waiting.join().unwrap().unwrap()
        });
        assert!(layout.lock().exists());
        let refused = FleetLock::acquire(&layout, Duration::ZERO);
        assert!(refused.is_err());
        drop(waiting);
    }
}
