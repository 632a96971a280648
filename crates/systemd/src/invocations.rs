//! When a unit was started, according to a link that the manager leaves in the runtime directory.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstatfs, open, statat};
use rustix::io;

use crate::{ManagerAddress, UnitName};

/// The prefix of the link names.
const PREFIX: &[u8] = b"invocation:";

/// `TMPFS_MAGIC` (linux/magic.h).
const TMPFS: u64 = 0x0102_1994;

/// The start times of units, from the links `invocation:UNIT` that the manager creates for journald.
///
/// A link is created anew when its unit is started and removed when the unit stops. Reading the links is much
/// cheaper than asking the manager, which takes 60 µs per unit.
///
/// Results are cached between listings. A tmpfs never reuses an inode number, so there a link with the same
/// number is the same link; on other file systems every link is read again.
#[derive(Clone, Debug)]
pub struct Invocations {
    directory: PathBuf,
    links: HashMap<Box<str>, Link>,
    listing: u64,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    inode: u64,
    created_at: Timestamp,
    /// The number of the last listing that contained the link.
    listing: u64,
}

impl Invocations {
    /// The links of a manager, none of them read yet; `None` if the manager's runtime directory is unknown.
    #[must_use]
    pub fn new(address: &ManagerAddress) -> Option<Self> {
        address.runtime_directory().map(Self::with_runtime_directory)
    }

    fn with_runtime_directory(runtime_directory: &Path) -> Self {
        Self { directory: runtime_directory.join("systemd/units"), links: HashMap::new(), listing: 0 }
    }

    /// Lists the links again. If the directory cannot be read, no start times are known.
    pub fn refresh(&mut self) {
        self.listing += 1;
        if self.read_links().is_err() {
            self.links.clear();
        }
        self.links.retain(|_, link| link.listing == self.listing);
    }

    /// When the current run of a unit was started, as of the last listing; `None` if that is not known.
    #[must_use]
    pub fn started_at(&self, unit: &UnitName) -> Option<Timestamp> {
        self.links.get(unit.as_str()).map(|link| link.created_at)
    }

    fn read_links(&mut self) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&self.directory, flags, Mode::empty())?;
        let inodes_are_unique = fstatfs(&directory).is_ok_and(|system| u64::try_from(system.f_type) == Ok(TMPFS));
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(&directory, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Some(Ok(unit)) = entry.file_name().to_bytes().strip_prefix(PREFIX).map(str::from_utf8) else {
                continue;
            };
            let inode = entry.ino();
            match self.links.get_mut(unit).filter(|link| inodes_are_unique && link.inode == inode) {
                Some(link) => link.listing = self.listing,
                None => {
                    if let Some(created_at) = created_at(rustix::fd::AsFd::as_fd(&directory), entry.file_name()) {
                        let link = Link { inode, created_at, listing: self.listing };
                        self.links.insert(unit.into(), link);
                    }
                }
            }
        }
        Ok(())
    }
}

/// When a link was created; `None` if the file is not a link.
fn created_at(directory: BorrowedFd<'_>, name: &std::ffi::CStr) -> Option<Timestamp> {
    let link = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let moment = Timestamp::new(link.st_mtime, i32::try_from(link.st_mtime_nsec).ok()?);
    moment.ok().filter(|_| FileType::from_raw_mode(link.st_mode).is_symlink())
}

#[cfg(test)]
mod tests {
    use super::Invocations;
    use crate::UnitName;
    use jiff::{Timestamp, ToSpan as _};
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn unit(name: &str) -> UnitName {
        UnitName::agent(&name.parse().unwrap())
    }

    fn set_moment(link: &Path, seconds: i64) {
        let moment = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let times = Timestamps { last_access: moment, last_modification: moment };
        utimensat(CWD, link, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }

    /// Runs the test in the directory for temporary files and, if there is one, in a tmpfs.
    fn with_runtime_directories(test: impl Fn(&Path)) {
        test(tempfile::tempdir().unwrap().path());
        if let Ok(in_memory) = tempfile::tempdir_in("/dev/shm") {
            test(in_memory.path());
        }
    }

    #[test]
    fn only_links_have_a_start_time() {
        with_runtime_directories(|runtime| {
            let units = runtime.join("systemd/units");
            fs::create_dir_all(&units).unwrap();
            symlink("912616caf8094ebc9179a6368a438540", units.join("invocation:mosaic-agent@a.service")).unwrap();
            fs::write(units.join("invocation:mosaic-agent@b.service"), "").unwrap();
            let mut invocations = Invocations::with_runtime_directory(runtime);
            assert_eq!(invocations.started_at(&unit("a")), None);
            invocations.refresh();
            let started_at = invocations.started_at(&unit("a")).unwrap();
            assert!((Timestamp::now() - 1.minute()..=Timestamp::now()).contains(&started_at), "{started_at}");
            assert_eq!([invocations.started_at(&unit("b")), invocations.started_at(&unit("c"))], [None, None]);
        });
    }

    #[test]
    fn replaced_and_removed_links_are_not_cached() {
        with_runtime_directories(|runtime| {
            let units = runtime.join("systemd/units");
            fs::create_dir_all(&units).unwrap();
            let link = |name: &str| units.join(format!("invocation:mosaic-agent@{name}.service"));
            for name in ["a", "b", "c"] {
                symlink("1", link(name)).unwrap();
            }
            let mut invocations = Invocations::with_runtime_directory(runtime);
            invocations.refresh();
            let before = ["a", "b", "c"].map(|name| invocations.started_at(&unit(name)));
            symlink("2", units.join("new")).unwrap();
            set_moment(&units.join("new"), 1000);
            fs::rename(units.join("new"), link("a")).unwrap();
            fs::remove_file(link("b")).unwrap();
            invocations.refresh();
            let after = ["a", "b", "c"].map(|name| invocations.started_at(&unit(name)));
            let replaced = Timestamp::from_second(1000).ok();
            assert_eq!(after, [replaced, None, before[2]]);
            fs::remove_dir_all(&units).unwrap();
            invocations.refresh();
            assert_eq!(invocations.started_at(&unit("c")), None);
        });
    }
}
