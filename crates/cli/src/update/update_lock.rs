//! One update at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use mosaic_heartbeat::RunDirectory;

use crate::error::CommandError;

/// Held while programs and agents are brought up to date. It ends with its holder, however that ends.
///
/// It is not the lock of the installation: an agent may take an hour until it is idle, and meanwhile others
/// may be added.
#[derive(Debug)]
pub(super) struct UpdateLock {
    _file: File,
}

impl UpdateLock {
    /// Takes it.
    ///
    /// # Errors
    /// Somebody has it, or it cannot be written.
    pub(super) fn take(directory: &RunDirectory) -> Result<Self, CommandError> {
        directory.prepare().map_err(|error| CommandError::io("make", error.path, error.source))?;
        // No agent's: theirs end in `.lock`.
        let path = directory.path().join(".update-lock");
        let failed = |source| CommandError::io("lock", &path, source);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(&mut file)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // For those who find it taken. Without it the lock is as good.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn busy(file: &mut File) -> CommandError {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.take(16).read_to_string(&mut holder));
    let who = match read {
        Ok(_) if !holder.is_empty() => format!(" (PID {holder})"),
        _ => String::new(),
    };
    CommandError::Busy(format!("another mosaic fleet update is under way{who}: try again when it has ended"))
}

#[cfg(test)]
mod tests {
    use super::UpdateLock;
    use mosaic_domain::ExitCode;
    use mosaic_heartbeat::RunDirectory;

    #[test]
    fn the_second_learns_who_is_first() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(directory.path().join("run"));
        let first = UpdateLock::take(&run).unwrap();
        let error = UpdateLock::take(&run).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Busy);
        assert!(error.to_string().contains(&format!("PID {}", std::process::id())), "{error}");
        drop(first);
        UpdateLock::take(&run).unwrap();
    }
}
