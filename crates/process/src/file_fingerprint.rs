//! Detecting whether a file has changed since it was read, from its metadata alone.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::fs::{AtFlags, StatxFlags, StatxTimestamp, statx};
use rustix::io::Errno;
use rustix::path::Arg;
use rustix::time::{ClockId, clock_gettime};

/// The identity, size and times of a file. Writing to the file, or replacing it, changes the fingerprint:
/// no system call can set the time of the last change (`ctime`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFingerprint {
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
    /// The last change was long enough before the reading that a later change has another time.
    settled: bool,
}

/// The coarsest resolution of a file system's times: one second on most of the old ones, two on FAT.
const COARSEST: Duration = Duration::from_secs(2);

impl FileFingerprint {
    /// Reads the fingerprint of a file, following links. `None` if the file does not exist. Take the
    /// fingerprint before reading the file.
    ///
    /// # Errors
    /// The metadata cannot be read.
    pub fn read(directory: impl AsFd, path: impl Arg) -> io::Result<Option<Self>> {
        // FORCE_SYNC makes a network file system ask its server, as opening the file would.
        let found = statx(directory, path, AtFlags::STATX_FORCE_SYNC, StatxFlags::BASIC_STATS);
        let found = match found {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let time = |time: StatxTimestamp| (time.tv_sec, time.tv_nsec);
        let changed = time(found.stx_ctime);
        Ok(Some(Self {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            size: found.stx_size,
            modified: time(found.stx_mtime),
            changed,
            settled: is_settled(changed, now()),
        }))
    }

    /// Returns whether a file with the fingerprint `now` still has the contents that it had at this one.
    ///
    /// A file that changed just before it was read may have changed again within the same tick of the file
    /// system's clock, so this is then always `false`.
    #[must_use]
    pub fn still_matches(&self, now: &Self) -> bool {
        self.settled && Self { settled: true, ..*now } == *self
    }
}

fn now() -> (i64, u32) {
    let now = clock_gettime(ClockId::Realtime);
    (now.tv_sec, u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Returns whether the change was so long before `now` that another change would have another time. A
/// change in the future means that the clock was set, and does not count as settled.
fn is_settled(changed: (i64, u32), now: (i64, u32)) -> bool {
    let nanos = |(seconds, nanos): (i64, u32)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    nanos(now) - nanos(changed) > i128::try_from(COARSEST.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::{FileFingerprint, is_settled};
    use rustix::fs::CWD;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_change_close_to_the_reading_is_not_settled() {
        let table = [
            ((10, 0), (12, 0), false),
            ((10, 0), (12, 1), true),
            ((10, 999_999_999), (13, 0), true),
            ((10, 0), (10, 0), false),
            ((11, 0), (10, 0), false),
            ((10_000, 0), (10, 0), false),
        ];
        for (changed, now, expected) in table {
            assert_eq!(is_settled(changed, now), expected, "{changed:?} {now:?}");
        }
    }

    #[test]
    fn every_change_of_a_file_changes_its_fingerprint() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let fingerprint = || FileFingerprint { settled: true, ..FileFingerprint::read(CWD, &path).unwrap().unwrap() };
        fs::write(&path, "one").unwrap();
        let written = fingerprint();
        assert!(written.still_matches(&fingerprint()));
        assert!(!FileFingerprint { settled: false, ..written }.still_matches(&fingerprint()));
        fs::write(&path, "more").unwrap();
        let longer = fingerprint();
        assert!(!written.still_matches(&longer));
        // Another file of the same length takes its place.
        fs::write(directory.path().join("new"), "else").unwrap();
        fs::rename(directory.path().join("new"), &path).unwrap();
        let replaced = fingerprint();
        assert!(!longer.still_matches(&replaced));
        // The time of the last modification is set to what it was.
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        assert!(!replaced.still_matches(&fingerprint()));
        fs::remove_file(&path).unwrap();
        assert_eq!(FileFingerprint::read(CWD, &path).unwrap(), None);
        symlink("new", &path).unwrap();
        assert_eq!(FileFingerprint::read(CWD, &path).unwrap(), None);
    }
}
