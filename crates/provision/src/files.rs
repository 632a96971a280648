//! Reading of files and links, and their atomic replacement: a reader sees either the old or the new one.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use mosaic_regular_file::MAX_CONFIGURATION_BYTES;
use tempfile::Builder;

use crate::ProvisionError;

/// What exists at a path. A symbolic link is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathState {
    /// Nothing exists.
    Missing,
    /// A regular file with valid UTF-8 text.
    File {
        /// The permission bits.
        mode: u32,
        /// The text.
        text: String,
    },
    /// A symbolic link and its target.
    Link(PathBuf),
    /// A directory, a device or another type of file.
    Other,
}

impl PathState {
    /// Reads a text file or a link.
    ///
    /// # Errors
    /// The path cannot be read, or the file is not valid UTF-8.
    pub fn read(path: &Path) -> Result<Self, ProvisionError> {
        let failed = ProvisionError::file("read", path);
        let kind = match fs::symlink_metadata(path) {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(failed(error)),
        };
        if kind.is_symlink() {
            return fs::read_link(path).map(Self::Link).map_err(failed);
        }
        if !kind.is_file() {
            return Ok(Self::Other);
        }
        let bytes = mosaic_regular_file::read(path, MAX_CONFIGURATION_BYTES).map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| ProvisionError::NotUtf8(path.to_owned()))?;
        Ok(Self::File { mode: kind.permissions().mode() & 0o7777, text })
    }

    /// As [`read`](Self::read), but a link is followed and counts as the file that it leads to.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_through_link(path: &Path) -> Result<Self, ProvisionError> {
        match Self::read(path)? {
            Self::Link(_) => match fs::canonicalize(path) {
                Ok(target) => Self::read(&target),
                Err(error) => Err(ProvisionError::file("follow the link", path)(error)),
            },
            state => Ok(state),
        }
    }

    /// The text, if the path is a file.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::File { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// The prefix of temporary files, by which those of an interrupted command are recognized.
pub(crate) const TEMPORARY_PREFIX: &str = ".mosaic-fleet-draft-";

/// Creates or replaces a file atomically. The mode is set, and the content is synced to disk, before the file gets its
/// name. A symbolic link is followed and stays in place.
///
/// # Errors
/// The file cannot be written; an existing file is unchanged.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ProvisionError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace_with(&target, mode, |file| file.write_all(bytes)).map_err(|source| match target.parent() {
        Some(directory) if source.kind() == io::ErrorKind::NotFound && !directory.exists() => {
            ProvisionError::DirectoryNotFound { path: path.to_owned(), directory: directory.to_owned() }
        }
        _ => ProvisionError::file("write", path)(source),
    })
}

/// As [`replace_file`], with the content of another file and mode 0755. Running processes keep the old file.
pub(crate) fn copy_program(from: &Path, to: &Path) -> Result<(), ProvisionError> {
    let mut source = File::open(from).map_err(ProvisionError::file("read", from))?;
    replace_with(to, 0o755, |file| io::copy(&mut source, file).map(drop)).map_err(ProvisionError::file("copy", to))
}

fn replace_with(path: &Path, mode: u32, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let open = |path: &Path| File::options().write(true).create_new(true).mode(0o600).open(path);
    // Errors of the `File` itself do not contain the temporary name.
    let mut temporary = Builder::new().prefix(TEMPORARY_PREFIX).make_in(directory, open)?;
    fill(temporary.as_file_mut())?;
    // The umask would apply to the mode of `open`.
    temporary.as_file().set_permissions(Permissions::from_mode(mode))?;
    temporary.as_file().sync_all()?;
    // Executing a file that is open for writing would fail with ETXTBSY.
    temporary.into_temp_path().persist(path).map_err(|error| error.error)
}

/// Creates or replaces a symbolic link atomically.
pub(crate) fn replace_link(path: &Path, target: &Path) -> Result<(), ProvisionError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let made = Builder::new().prefix(TEMPORARY_PREFIX).make_in(directory, |temporary| symlink(target, temporary));
    let replaced = made.and_then(|temporary| temporary.into_temp_path().persist(path).map_err(|error| error.error));
    replaced.map_err(ProvisionError::file("link", path))
}

/// Creates a directory and its parents. The mode of an existing directory is unchanged.
pub(crate) fn create_directory(path: &Path, mode: u32) -> Result<(), ProvisionError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(ProvisionError::file("create the directory", path))
}

/// Removes a file or link, if it exists.
pub(crate) fn remove_file(path: &Path) -> Result<(), ProvisionError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ProvisionError::file("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a directory, if it exists and is empty.
pub(crate) fn remove_if_empty(path: &Path) -> Result<(), ProvisionError> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(()),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::NotADirectory
            // A mount point.
            | io::ErrorKind::ResourceBusy => Ok(()),
            _ => Err(ProvisionError::file("remove the directory", path)(error)),
        },
    }
}

/// Whether two files have the same content.
pub(crate) fn are_equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        // The other file may have been truncated in the meantime.
        if other.read_exact(&mut right[..read]).is_err() || left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

/// Removes the temporary files that an interrupted command left in a directory. The caller must hold the fleet lock,
/// so that no other process uses them.
pub(crate) fn remove_temporary_files(directory: &Path) -> Result<(), ProvisionError> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            remove_file(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{are_equal, replace_file, replace_link};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_else_is_left() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        fs::write(&path, "old").unwrap();
        replace_file(&path, b"new", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);

        let in_the_way = root.path().join("directory");
        fs::create_dir(&in_the_way).unwrap();
        let error = replace_file(&in_the_way, b"new", 0o640).unwrap_err();
        assert!(error.to_string().starts_with("cannot write ") && error.to_string().contains("directory"), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_directory_is_named_in_the_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("nowhere/a");
        let message = replace_file(&path, b"new", 0o640).unwrap_err().to_string();
        let directory = root.path().join("nowhere");
        let expected = format!("the directory {} does not exist: create it or choose another one", directory.display());
        assert_eq!(message, format!("cannot write {}: {expected}", path.display()));
        // Other errors name the file, not its temporary file.
        let below = root.path().join("file").join("a");
        fs::write(root.path().join("file"), "").unwrap();
        let message = replace_file(&below, b"new", 0o640).unwrap_err().to_string();
        assert_eq!(message, format!("cannot write {}: Not a directory (os error 20)", below.display()));
    }

    #[test]
    fn a_link_is_followed_and_kept() {
        let root = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (root.path().join("a"), root.path().join("dotfiles"));
        fs::write(&elsewhere, "old").unwrap();
        symlink("dotfiles", &path).unwrap();
        replace_file(&path, b"new", 0o600).unwrap();
        assert!(path.is_symlink());
        assert_eq!(fs::read(elsewhere).unwrap(), b"new");
    }

    #[test]
    fn a_link_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        for target in ["/one", "/two"] {
            replace_link(&path, target.as_ref()).unwrap();
            assert_eq!(fs::read_link(&path).unwrap().to_str(), Some(target));
        }
    }

    #[test]
    fn files_are_compared_byte_by_byte() {
        let root = tempfile::tempdir().unwrap();
        let long = vec![7; 200_000];
        let mut other = long.clone();
        other[150_000] = 8;
        let table: [(&[u8], &[u8], bool); 5] =
            [(b"", b"", true), (b"a", b"a", true), (b"a", b"b", false), (b"a", b"ab", false), (&long, &other, false)];
        for (one, other, expected) in table {
            let (left, right) = (root.path().join("l"), root.path().join("r"));
            fs::write(&left, one).unwrap();
            fs::write(&right, other).unwrap();
            assert_eq!(are_equal(&left, &right).unwrap(), expected);
        }
    }
}
