//! One change to a fleet at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mosaic_domain::Pid;

use crate::files::make_directory;
use crate::{Layout, ProvisionError};

/// Held by whoever changes the roster or the installation. The kernel gives it back when its holder
/// dies, however that dies.
#[derive(Debug)]
pub struct FleetLock {
    file: File,
}

impl FleetLock {
    /// Waits for the lock for as long as `limit`. Makes the fleet's directory, in which it is.
    ///
    /// # Errors
    /// Somebody else has it for longer, or it cannot be written.
    pub fn take(layout: &Layout, limit: Duration) -> Result<Self, ProvisionError> {
        let started = Instant::now();
        let path = layout.lock();
        loop {
            make_directory(&layout.fleet(), 0o700)?;
            let mut file = open(&path).map_err(ProvisionError::file("lock", &path))?;
            match file.try_lock() {
                Ok(()) if is_in_place(&file, &path) => {
                    // For those who wait. Without it the lock is as good.
                    let _ = write_holder(&mut file);
                    return Ok(Self { file });
                }
                // An uninstall removes it, and whoever waited then has a lock that nobody else sees.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() < limit => {
                    // flock(2) has no deadline, and a thread that waits for it cannot be ended.
                    thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(ProvisionError::Busy { holder: holder(&mut file), waited: limit });
                }
                Err(TryLockError::Error(error)) => return Err(ProvisionError::file("lock", &path)(error)),
            }
        }
    }

    /// Gives it back and removes its file, as the last act of an uninstall, and the directories above
    /// if nothing else is in them.
    pub fn remove(self, layout: &Layout) {
        // An empty file at most stays, and whatever is not empty.
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
    use crate::layout::tests::layout;
    use mosaic_domain::ExitCode;
    use std::time::Duration;

    #[test]
    fn the_second_learns_who_is_first_and_gets_it_afterwards() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let first = FleetLock::take(&layout, Duration::ZERO).unwrap();
        let refused = FleetLock::take(&layout, Duration::ZERO).unwrap_err();
        assert_eq!(refused.exit_code(), ExitCode::Busy);
        assert!(refused.to_string().contains(&format!("PID {}", std::process::id())), "{refused}");
        drop(first);
        FleetLock::take(&layout, Duration::ZERO).unwrap();
    }

    #[test]
    fn whoever_waited_for_a_lock_that_was_removed_takes_the_new_one() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let first = FleetLock::take(&layout, Duration::ZERO).unwrap();
        let waiting = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| FleetLock::take(&layout, Duration::from_mins(1)));
            first.remove(&layout);
            waiting.join().unwrap().unwrap()
        });
        assert!(layout.lock().exists());
        let refused = FleetLock::take(&layout, Duration::ZERO);
        assert!(refused.is_err());
        drop(waiting);
    }
}
