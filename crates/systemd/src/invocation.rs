//! When the manager began to start a unit, by a link that it leaves in the runtime directory.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstatfs, open, statat};
use rustix::io;

use crate::{ManagerAddress, UnitName};

/// What the names of the links begin with.
const PREFIX: &[u8] = b"invocation:";

/// `TMPFS_MAGIC` (linux/magic.h).
const TMPFS: u64 = 0x0102_1994;

/// The links `invocation:UNIT` that the manager makes for journald: each is made anew when a unit is
/// started, and goes when it ends. Asking the manager instead costs it, the bus and us 60 µs a unit.
///
/// What a listing found is remembered for the next one. In a tmpfs, which gives a number to a file once
/// only, a link of the same number is the same link; elsewhere each is looked at again.
#[derive(Clone, Debug)]
pub struct Invocations {
    directory: PathBuf,
    known: HashMap<Box<str>, Began>,
    listing: u64,
}

#[derive(Clone, Copy, Debug)]
struct Began {
    inode: u64,
    moment: Timestamp,
    /// The last listing that found it.
    listing: u64,
}

impl Invocations {
    /// Those of a manager, none of which was looked at; nothing if nobody says where it would leave them.
    #[must_use]
    pub fn of(address: &ManagerAddress) -> Option<Self> {
        address.runtime_directory().map(Self::below)
    }

    fn below(runtime_directory: &Path) -> Self {
        Self { directory: runtime_directory.join("systemd/units"), known: HashMap::new(), listing: 0 }
    }

    /// Looks which links there are now. A directory that cannot be read has none.
    pub fn list(&mut self) {
        self.listing += 1;
        if self.find().is_err() {
            self.known.clear();
        }
        self.known.retain(|_, began| began.listing == self.listing);
    }

    /// When the start that led to the unit's present run began, by the last listing; `None` if that is not
    /// known.
    #[must_use]
    pub fn began(&self, unit: &UnitName) -> Option<Timestamp> {
        self.known.get(unit.as_str()).map(|began| began.moment)
    }

    fn find(&mut self) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&self.directory, flags, Mode::empty())?;
        let numbers_are_unique = fstatfs(&directory).is_ok_and(|system| u64::try_from(system.f_type) == Ok(TMPFS));
        let mut room = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(&directory, &mut room);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Some(Ok(unit)) = entry.file_name().to_bytes().strip_prefix(PREFIX).map(str::from_utf8) else {
                continue;
            };
            let inode = entry.ino();
            match self.known.get_mut(unit).filter(|began| numbers_are_unique && began.inode == inode) {
                Some(began) => began.listing = self.listing,
                None => {
                    if let Some(moment) = made(rustix::fd::AsFd::as_fd(&directory), entry.file_name()) {
                        let began = Began { inode, moment, listing: self.listing };
                        self.known.insert(unit.into(), began);
                    }
                }
            }
        }
        Ok(())
    }
}

/// When a link was made; nothing of what is none.
fn made(directory: BorrowedFd<'_>, name: &std::ffi::CStr) -> Option<Timestamp> {
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

    /// In the directory of temporary files, and in memory, if there is a place.
    fn with_runtime_directories(test: impl Fn(&Path)) {
        test(tempfile::tempdir().unwrap().path());
        if let Ok(in_memory) = tempfile::tempdir_in("/dev/shm") {
            test(in_memory.path());
        }
    }

    #[test]
    fn a_link_tells_when_it_was_made_and_nothing_else_tells() {
        with_runtime_directories(|runtime| {
            let units = runtime.join("systemd/units");
            fs::create_dir_all(&units).unwrap();
            symlink("912616caf8094ebc9179a6368a438540", units.join("invocation:mosaic-agent@a.service")).unwrap();
            fs::write(units.join("invocation:mosaic-agent@b.service"), "").unwrap();
            let mut invocations = Invocations::below(runtime);
            assert_eq!(invocations.began(&unit("a")), None);
            invocations.list();
            let began = invocations.began(&unit("a")).unwrap();
            assert!((Timestamp::now() - 1.minute()..=Timestamp::now()).contains(&began), "{began}");
            assert_eq!([invocations.began(&unit("b")), invocations.began(&unit("c"))], [None, None]);
        });
    }

    #[test]
    fn a_link_that_was_made_anew_or_removed_is_not_remembered() {
        with_runtime_directories(|runtime| {
            let units = runtime.join("systemd/units");
            fs::create_dir_all(&units).unwrap();
            let link = |name: &str| units.join(format!("invocation:mosaic-agent@{name}.service"));
            for name in ["a", "b", "c"] {
                symlink("1", link(name)).unwrap();
            }
            let mut invocations = Invocations::below(runtime);
            invocations.list();
            let before = ["a", "b", "c"].map(|name| invocations.began(&unit(name)));
            symlink("2", units.join("new")).unwrap();
            set_moment(&units.join("new"), 1000);
            fs::rename(units.join("new"), link("a")).unwrap();
            fs::remove_file(link("b")).unwrap();
            invocations.list();
            let after = ["a", "b", "c"].map(|name| invocations.began(&unit(name)));
            let made_anew = Timestamp::from_second(1000).ok();
            assert_eq!(after, [made_anew, None, before[2]]);
            fs::remove_dir_all(&units).unwrap();
            invocations.list();
            assert_eq!(invocations.began(&unit("c")), None);
        });
    }
}
