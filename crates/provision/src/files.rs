//! Files that are replaced as a whole: whoever reads one sees the old or the new.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use tempfile::Builder;

use crate::ProvisionError;

/// Begins the names of files under way, so that whoever was killed leaves what can be told apart.
pub(crate) const DRAFT: &str = ".mosaic-fleet-draft-";

/// Writes a file, or replaces it: the mode is set before anybody can open it by its name, and the
/// bytes are on the disk before the name is. A link is followed, so that it stays one.
///
/// # Errors
/// It cannot be written; what was there is untouched.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ProvisionError> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace_by(&place, mode, |file| file.write_all(bytes)).map_err(|source| match place.parent() {
        Some(directory) if source.kind() == io::ErrorKind::NotFound && !directory.exists() => {
            ProvisionError::NoDirectory { path: path.to_owned(), directory: directory.to_owned() }
        }
        _ => ProvisionError::file("write", path)(source),
    })
}

/// As [`replace_file`], with the bytes of another file, executable.
pub(crate) fn copy_program(from: &Path, to: &Path) -> Result<(), ProvisionError> {
    let mut source = File::open(from).map_err(ProvisionError::file("read", from))?;
    // Whoever runs the old file keeps it: the new one is another file.
    replace_by(to, 0o755, |file| io::copy(&mut source, file).map(drop)).map_err(ProvisionError::file("copy", to))
}

fn replace_by(path: &Path, mode: u32, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let open = |draft: &Path| File::options().write(true).create_new(true).mode(0o600).open(draft);
    // What fails then is told without the draft's name, of which nobody has heard.
    let mut draft = Builder::new().prefix(DRAFT).make_in(directory, open)?;
    fill(draft.as_file_mut())?;
    // By hand, since the mode of a new file goes through the umask.
    draft.as_file().set_permissions(Permissions::from_mode(mode))?;
    draft.as_file().sync_all()?;
    // What can be executed must not be open to write when its name appears.
    draft.into_temp_path().persist(path).map_err(|error| error.error)
}

/// Makes a link, or turns it: there is never a moment without.
pub(crate) fn replace_link(path: &Path, target: &Path) -> Result<(), ProvisionError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let made = Builder::new().prefix(DRAFT).make_in(directory, |draft| symlink(target, draft));
    let replaced = made.and_then(|draft| draft.into_temp_path().persist(path).map_err(|error| error.error));
    replaced.map_err(ProvisionError::file("link", path))
}

/// Makes a directory and all above it; one that is there is left as it is.
pub(crate) fn make_directory(path: &Path, mode: u32) -> Result<(), ProvisionError> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(ProvisionError::file("make the directory", path))
}

/// Removes a file or link; that there is none is fine.
pub(crate) fn remove_file(path: &Path) -> Result<(), ProvisionError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ProvisionError::file("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a directory if it is empty; any other stays.
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

/// Have two files the same bytes?
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
        // A file that shrinks meanwhile is another file.
        if other.read_exact(&mut right[..read]).is_err() || left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

/// Removes the drafts that somebody who was killed has left in a directory. Only under the fleet's
/// lock: nobody else makes any.
pub(crate) fn remove_drafts(directory: &Path) -> Result<(), ProvisionError> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(DRAFT) {
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
    fn who_names_a_directory_that_is_not_there_is_told_which() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("nowhere/a");
        let told = replace_file(&path, b"new", 0o640).unwrap_err().to_string();
        let directory = root.path().join("nowhere");
        let expected = format!("there is no directory {}: make it, or name another one", directory.display());
        assert_eq!(told, format!("cannot write {}: {expected}", path.display()));
        // What else fails is told of the file, and not of a draft that nobody has heard of.
        let below = root.path().join("file").join("a");
        fs::write(root.path().join("file"), "").unwrap();
        let told = replace_file(&below, b"new", 0o640).unwrap_err().to_string();
        assert_eq!(told, format!("cannot write {}: Not a directory (os error 20)", below.display()));
    }

    #[test]
    fn a_link_that_a_site_made_stays_one() {
        let root = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (root.path().join("a"), root.path().join("dotfiles"));
        fs::write(&elsewhere, "old").unwrap();
        symlink("dotfiles", &path).unwrap();
        replace_file(&path, b"new", 0o600).unwrap();
        assert!(path.is_symlink());
        assert_eq!(fs::read(elsewhere).unwrap(), b"new");
    }

    #[test]
    fn a_link_is_turned() {
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
