//! A file that a runtime loads to report.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Part of this program, and written out by each launch that finds another one: whoever updates `mosaic` has the new
/// one with the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReporterFile {
    /// Its name, in `fleet/reporters`; directories before it are part of it.
    pub(crate) name: &'static str,
    /// What is in it.
    pub(crate) text: &'static str,
}

impl ReporterFile {
    /// Sees to it that the file is there. Agents that start at the same time do not see half of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn put(&self, directory: &Path) -> io::Result<()> {
        let path = directory.join(self.name);
        if fs::read(&path).is_ok_and(|there| there == self.text.as_bytes()) {
            return Ok(());
        }
        let directory = path.parent().unwrap_or(directory);
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(self.text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ReporterFile;
    use std::fs;

    #[test]
    fn it_is_written_where_it_is_another_one() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("fleet/reporters");
        let file = ReporterFile { name: "pi.ts", text: "new" };
        for before in [None, Some("old"), Some("new")] {
            if let Some(before) = before {
                fs::write(directory.join("pi.ts"), before).unwrap();
            }
            file.put(&directory).unwrap();
            assert_eq!(fs::read_to_string(directory.join("pi.ts")).unwrap(), "new");
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
        }
        assert!(file.put(&directory.join("pi.ts")).is_err());
        let file = ReporterFile { name: "some/hooks/hooks.json", text: "{}" };
        file.put(&directory).unwrap();
        assert_eq!(fs::read_to_string(directory.join("some/hooks/hooks.json")).unwrap(), "{}");
    }
}
