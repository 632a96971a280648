//! When the manager began to start a unit, by a link that it leaves in the runtime directory.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FileType, lstat};

use crate::{ManagerAddress, UnitName};

/// The links `invocation:UNIT` that the manager makes for journald: each is made anew when a unit is
/// started, and goes when it ends. Asking the manager instead costs it, the bus and us 60 µs a unit.
#[derive(Clone, Debug)]
pub struct Invocations(PathBuf);

impl Invocations {
    /// Those of a manager; nothing if nobody says where it would leave them.
    #[must_use]
    pub fn of(address: &ManagerAddress) -> Option<Self> {
        address.runtime_directory().map(Self::below)
    }

    fn below(runtime_directory: &Path) -> Self {
        Self(runtime_directory.join("systemd/units"))
    }

    /// When the start that led to the unit's present run began; `None` if that is not known.
    #[must_use]
    pub fn began(&self, unit: &UnitName) -> Option<Timestamp> {
        let link = lstat(self.0.join(format!("invocation:{unit}"))).ok()?;
        let moment = Timestamp::new(link.st_mtime, i32::try_from(link.st_mtime_nsec).ok()?);
        moment.ok().filter(|_| FileType::from_raw_mode(link.st_mode).is_symlink())
    }
}

#[cfg(test)]
mod tests {
    use super::Invocations;
    use crate::UnitName;
    use jiff::{Timestamp, ToSpan as _};
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_tells_when_it_was_made_and_nothing_else_tells() {
        let runtime = tempfile::tempdir().unwrap();
        let units = runtime.path().join("systemd/units");
        std::fs::create_dir_all(&units).unwrap();
        symlink("912616caf8094ebc9179a6368a438540", units.join("invocation:mosaic-agent@a.service")).unwrap();
        std::fs::write(units.join("invocation:mosaic-agent@b.service"), "").unwrap();
        let unit = |name: &str| UnitName::agent(&name.parse().unwrap());
        let invocations = Invocations::below(runtime.path());
        let began = invocations.began(&unit("a")).unwrap();
        assert!((Timestamp::now() - 1.minute()..=Timestamp::now()).contains(&began), "{began}");
        assert_eq!([invocations.began(&unit("b")), invocations.began(&unit("c"))], [None, None]);
    }
}
