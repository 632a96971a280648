//! What the links in unit directories say, for somebody who wants to know whether they still say it.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

use crate::UnitName;

/// The units of Mosaic Fleet that links enable or mask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitLinks {
    /// Those that a boot starts.
    pub enabled: HashSet<UnitName>,
    /// Those that may not be started.
    pub masked: HashSet<UnitName>,
    /// Each directory that was read, as it was before; links are made and removed in it, never changed.
    read: Vec<(PathBuf, Option<FileFingerprint>)>,
}

impl UnitLinks {
    /// A directory is going to be read.
    pub(crate) fn note(&mut self, directory: &Path) -> io::Result<()> {
        let mark = FileFingerprint::read(CWD, directory)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", directory.display())))?;
        self.read.push((directory.to_owned(), mark));
        Ok(())
    }

    /// Would reading all directories again find the same?
    #[must_use]
    pub fn still_hold(&self) -> bool {
        !self.read.is_empty()
            && self.read.iter().all(|(directory, before)| match (before, FileFingerprint::read(CWD, directory)) {
                (Some(before), Ok(Some(now))) => before.still_matches(&now),
                (None, Ok(None)) => true,
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use crate::UnitDirectories;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_of_directories_that_were_just_made_or_changed_are_read_again() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let directories =
            UnitDirectories::below(root.path(), |name| (name == "HOME").then(|| OsString::from(&home))).unwrap();
        let nothing = directories.links().unwrap();
        assert!(nothing.still_hold() && !super::UnitLinks::default().still_hold());
        let wants = directories.own().join("default.target.wants");
        fs::create_dir_all(&wants).unwrap();
        assert!(!nothing.still_hold());
        symlink("/nowhere", wants.join("mosaic-agent@a.service")).unwrap();
        let fresh = directories.links().unwrap();
        assert_eq!(fresh.enabled.len(), 1);
        assert!(!fresh.still_hold(), "another link in the same moment would not show");
    }
}
