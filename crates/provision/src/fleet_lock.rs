//! The lock that serializes changes of a fleet.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use mosaic_process::LockFile;

use crate::files::create_directory;
use crate::{Layout, ProvisionError};

/// An exclusive `flock(2)` that a process holds while it changes the roster or the installation. The kernel releases
/// it when the process ends.
#[derive(Debug)]
pub struct FleetLock {
    file: LockFile,
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
            let failed = |error| ProvisionError::file("lock", &path)(error);
            let mut file = LockFile::open(&path).map_err(failed)?;
            if file.try_lock().map_err(failed)? {
                if file.is_at(&path) {
                    return Ok(Self { file });
                }
                // An uninstall has removed the file meanwhile: lock the new file instead.
            } else if started.elapsed() < timeout {
                // flock(2) has no timeout, and a thread that waits in it cannot be cancelled.
                thread::sleep(Duration::from_millis(10));
            } else {
                return Err(ProvisionError::LockHeld { holder: file.holder(), waited: timeout });
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
