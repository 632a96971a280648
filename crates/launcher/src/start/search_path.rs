//! The search path of an agent.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::{PROGRAM_PLACES_BELOW_HOME, PROGRAM_PLACES_OF_THE_SYSTEM};

/// `path`, and behind it the places where runtimes usually are, if they exist.
///
/// The user manager's path is `/usr/local/bin:/usr/bin` and little else, while runtimes are
/// installed below the user's home. Whatever `path` finds, it still finds. `beside` is where this
/// program is installed, and with it `mosaic`.
pub(super) fn search_path(
    path: Option<OsString>,
    home: Option<&Path>,
    beside: Option<&Path>,
    exists: impl Fn(&Path) -> bool,
) -> OsString {
    let mut directories: Vec<PathBuf> = path.iter().flat_map(std::env::split_paths).collect();
    let usual = PROGRAM_PLACES_BELOW_HOME.iter().filter_map(|below| Some(home?.join(below)));
    let usual =
        usual.chain(beside.map(Path::to_path_buf)).chain(PROGRAM_PLACES_OF_THE_SYSTEM.iter().map(PathBuf::from));
    for directory in usual {
        // A colon cannot be written into a search path.
        let writable = !directory.to_string_lossy().contains(':');
        if writable && !directories.contains(&directory) && exists(&directory) {
            directories.push(directory);
        }
    }
    std::env::join_paths(directories).unwrap_or_else(|_| path.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::search_path;
    use std::path::Path;

    #[test]
    fn what_is_missing_is_added_behind_and_only_if_it_exists() {
        let exists = |path: &Path| {
            ["/h/.local/bin", "/h/.npm-global/bin", "/usr/bin", "/opt/mosaic:1"]
                .iter()
                .any(|there| path == Path::new(there))
        };
        let home = Some(Path::new("/h"));
        let table = [
            (Some("/usr/bin"), home, "/usr/bin:/h/.local/bin:/h/.npm-global/bin"),
            (Some("/h/.npm-global/bin:/x"), home, "/h/.npm-global/bin:/x:/h/.local/bin:/usr/bin"),
            (None, home, "/h/.local/bin:/h/.npm-global/bin:/usr/bin"),
            (Some("/x"), None, "/x:/usr/bin"),
        ];
        for (path, home, expected) in table {
            let found = search_path(path.map(Into::into), home, Some(Path::new("/opt/mosaic:1")), exists);
            assert_eq!(found, expected);
        }
    }
}
