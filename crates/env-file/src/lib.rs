//! Env files in the syntax of systemd's `EnvironmentFile=`.
//!
//! The user manager opens an `EnvironmentFile=` itself, and hangs with all its units if the file is a FIFO. So the units of
//! the fleet have none: their programs read the file by [`read_variables`] and [execute themselves](exec_again) with its
//! variables.

mod entry;
mod reexec;

use std::io;
use std::path::Path;

use mosaic_regular_file::MAX_CONFIGURATION_BYTES;

pub use entry::{End, Entry, EntryKind, is_variable_name, parse, quote};
pub use reexec::exec_again;

/// The variables that systemd would set. The last of several assignments to one name wins.
#[must_use]
pub fn variables(entries: &[Entry]) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for entry in entries {
        let EntryKind::Assignment { key, value } = &entry.kind else { continue };
        match variables.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => value.clone_into(old),
            None if is_variable_name(key) => variables.push((key.clone(), value.clone())),
            None => {}
        }
    }
    variables
}

/// Reads the variables of a file. A file that does not exist has none.
///
/// # Errors
/// The file cannot be read, is not a regular file, is too large, or is not valid UTF-8.
pub fn read_variables(path: &Path) -> io::Result<Vec<(String, String)>> {
    match mosaic_regular_file::read_text(path, MAX_CONFIGURATION_BYTES) {
        Ok(text) => Ok(variables(&parse(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::read_variables;

    #[test]
    fn the_last_assignment_to_a_valid_name_wins() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.env");
        assert_eq!(read_variables(&path).unwrap(), []);
        std::fs::write(&path, "A=1\n2B=no\n# C=3\nB='two'\nA=3\nno-name=x\n").unwrap();
        assert_eq!(read_variables(&path).unwrap(), [("A".into(), "3".into()), ("B".into(), "two".into())]);
        assert!(read_variables(root.path()).is_err(), "a directory");
    }
}
