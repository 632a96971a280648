//! Finding a program: in the directories of a search path, or beside the running program.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Returns whether `path` is a regular file, or a link to one, that has an execute permission.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Finds the first program called `name` in the directories of `path`, the value of a `PATH` variable.
/// Relative directories, and the empty ones that stand for the current directory, are resolved against
/// `current_dir`.
#[must_use]
pub fn find_on_path(name: impl AsRef<Path>, path: Option<&OsStr>, current_dir: &Path) -> Option<PathBuf> {
    find_in_directories(name, env::split_paths(path?).map(|directory| current_dir.join(directory)), is_program)
}

/// Finds the first program called `name` in these directories. `is_program` decides which files count:
/// [`is_program`], or a stand-in in tests.
#[must_use]
pub fn find_in_directories(
    name: impl AsRef<Path>,
    directories: impl IntoIterator<Item = impl AsRef<Path>>,
    is_program: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    directories.into_iter().map(|directory| directory.as_ref().join(&name)).find(|program| is_program(program))
}

#[cfg(test)]
mod tests {
    use super::find_on_path;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_executable_file_of_the_path_is_found() {
        let root = tempfile::tempdir().unwrap();
        for (directory, mode) in [("a", 0o644), ("b", 0o755), ("c", 0o755)] {
            let directory = root.path().join(directory);
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("tool"), "").unwrap();
            fs::set_permissions(directory.join("tool"), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir_all(root.path().join("d/tool")).unwrap();
        let table = [
            (Some("a:b:c"), Some("b/tool")),
            (Some("missing:d:a:c:b"), Some("c/tool")),
            (Some("a:d"), None),
            (Some(""), None),
            (None, None),
        ];
        for (path, expected) in table {
            let found = find_on_path("tool", path.map(OsStr::new), root.path());
            assert_eq!(found, expected.map(|expected| root.path().join(expected)), "{path:?}");
        }
    }
}
