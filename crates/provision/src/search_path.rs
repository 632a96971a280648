//! Where runtimes are found.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What of a search path is worth recording for agents: absolute directories that exist, each once.
#[must_use]
pub fn recordable(path: Option<&OsStr>, is_directory: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    for directory in path.iter().flat_map(std::env::split_paths) {
        let text = directory.to_str().is_some_and(|text| !text.contains(|c: char| c.is_control()));
        if directory.is_absolute() && text && !directories.contains(&directory) && is_directory(&directory) {
            directories.push(directory);
        }
    }
    directories
}

/// The first of the directories' programs of this name.
pub fn find_program<'a>(
    program: &str,
    directories: impl IntoIterator<Item = &'a PathBuf>,
    is_program: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    directories.into_iter().map(|directory| directory.join(program)).find(|path| is_program(path))
}

#[cfg(test)]
mod tests {
    use super::recordable;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn only_what_is_there_and_means_the_same_everywhere_is_recorded() {
        let exists = |path: &Path| path != Path::new("/gone");
        let table = [
            (Some("/a:/b:/a"), vec!["/a", "/b"]),
            (Some("/a::.:bin:/gone:/b/"), vec!["/a", "/b/"]),
            (Some("/a\n/b:/c"), vec!["/c"]),
            (Some(""), vec![]),
            (None, vec![]),
        ];
        for (path, expected) in table {
            let expected: Vec<_> = expected.into_iter().map(Path::new).collect();
            assert_eq!(recordable(path.map(OsStr::new), exists), expected, "{path:?}");
        }
    }
}
