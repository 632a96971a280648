//! Whether a file is still the one that was read, by what a directory says of it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::fs::{AtFlags, StatxFlags, StatxTimestamp, statx};
use rustix::io::Errno;
use rustix::path::Arg;
use rustix::time::{ClockId, clock_gettime};

/// A file's place and times. Who writes to it, or puts another in its place, changes the mark; nobody can
/// set the time of a change (`ctime`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMark {
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
    /// The last change was long before somebody looked, so that a later one shows.
    settled: bool,
}

/// The coarsest times that a file system keeps are whole seconds, and two for FAT.
const COARSEST: Duration = Duration::from_secs(2);

impl FileMark {
    /// The mark of a file, or of what a link leads to; nothing if there is none. It has to be taken before
    /// the file is read.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn of(directory: impl AsFd, path: impl Arg) -> io::Result<Option<Self>> {
        // Also of a file on another host it is the state of now that is asked for, as opening it would.
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

    /// Is what was read when this mark was taken what a file with the mark `now` holds?
    ///
    /// A file that was changed just before it was read may have been changed once more at the same time, as
    /// far as the file system counts it: that is never taken for the same.
    #[must_use]
    pub fn still_holds(&self, now: &Self) -> bool {
        self.settled && Self { settled: true, ..*now } == *self
    }
}

fn now() -> (i64, u32) {
    let now = clock_gettime(ClockId::Realtime);
    (now.tv_sec, u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Did the change happen so long before `now` that another one would have another time? A change in the
/// future says that somebody has set the clock.
fn is_settled(changed: (i64, u32), now: (i64, u32)) -> bool {
    let nanos = |(seconds, nanos): (i64, u32)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    nanos(now) - nanos(changed) > i128::try_from(COARSEST.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::{FileMark, is_settled};
    use rustix::fs::CWD;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_change_just_before_or_after_somebody_looked_is_not_settled() {
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
    fn whatever_happens_to_a_file_changes_its_mark() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mark = || FileMark { settled: true, ..FileMark::of(CWD, &path).unwrap().unwrap() };
        fs::write(&path, "one").unwrap();
        let written = mark();
        assert!(written.still_holds(&mark()));
        assert!(!FileMark { settled: false, ..written }.still_holds(&mark()));
        fs::write(&path, "more").unwrap();
        let longer = mark();
        assert!(!written.still_holds(&longer));
        // Another file of the same length in the same place.
        fs::write(directory.path().join("new"), "else").unwrap();
        fs::rename(directory.path().join("new"), &path).unwrap();
        let replaced = mark();
        assert!(!longer.still_holds(&replaced));
        // The time of the last writing can be set to what it was.
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        assert!(!replaced.still_holds(&mark()));
        fs::remove_file(&path).unwrap();
        assert_eq!(FileMark::of(CWD, &path).unwrap(), None);
        symlink("new", &path).unwrap();
        assert_eq!(FileMark::of(CWD, &path).unwrap(), None);
    }
}
