//! Reads the files that a person writes: a regular file of a bounded size, or an error that names the kind of
//! the file. It never waits, as opening a FIFO would, and never reads without end, as a device would.

use std::fs::{FileType, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// A limit for files that a person writes: rosters, settings, env files, certificates.
pub const MAX_CONFIGURATION_BYTES: u64 = 4 << 20;

/// Reads a regular file of at most `limit` bytes. A symbolic link is followed.
///
/// # Errors
/// The file does not exist ([`ErrorKind::NotFound`]), cannot be read, is no regular file
/// ([`ErrorKind::InvalidInput`], or [`ErrorKind::IsADirectory`]), or is larger ([`ErrorKind::FileTooLarge`]).
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Opening a FIFO without NONBLOCK waits for a writer, and a terminal must not become the controlling one.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        // What opening a socket returns.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Err(not_regular("a socket or a device without a driver", ErrorKind::InvalidInput));
        }
        file => file?,
    };
    let metadata = file.metadata()?;
    if let Some((kind, error)) = special(metadata.file_type()) {
        return Err(not_regular(kind, error));
    }
    let too_large = |bytes: String| {
        io::Error::new(ErrorKind::FileTooLarge, format!("the file has {bytes} bytes, and the limit is {limit}"))
    };
    if metadata.len() > limit {
        return Err(too_large(metadata.len().to_string()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // A file of /proc has no size, and any file can grow meanwhile.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(format!("more than {limit}"))) } else { Ok(bytes) }
}

/// As [`read`], for a text.
///
/// # Errors
/// As [`read`], or the file is not valid UTF-8 ([`ErrorKind::InvalidData`]).
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "the file is not valid UTF-8"))
}

fn not_regular(kind: &str, error: ErrorKind) -> io::Error {
    io::Error::new(error, format!("it is {kind}, not a regular file"))
}

/// What a file is, if it is not a regular file.
fn special(kind: FileType) -> Option<(&'static str, ErrorKind)> {
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some(("a directory", ErrorKind::IsADirectory)),
        () if kind.is_fifo() => Some(("a FIFO", ErrorKind::InvalidInput)),
        () if kind.is_char_device() => Some(("a character device", ErrorKind::InvalidInput)),
        () if kind.is_block_device() => Some(("a block device", ErrorKind::InvalidInput)),
        () => Some(("a special file", ErrorKind::InvalidInput)),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, read_text};
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_regular_file_is_read_up_to_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        let error = read(&path, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "the file has 4 bytes, and the limit is 3");
        let link = root.path().join("link");
        symlink("a", &link).unwrap();
        assert_eq!(read_text(&link, 4).unwrap(), "four");
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, 4).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(read(&root.path().join("none"), 4).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_large_file_is_refused_by_its_true_size_without_being_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read(&path, super::MAX_CONFIGURATION_BYTES).unwrap_err();
        assert_eq!(error.to_string(), "the file has 1099511627776 bytes, and the limit is 4194304");
        // The kernel gives no size for this one.
        assert!(read("/proc/self/status".as_ref(), 1 << 20).is_ok());
        assert_eq!(read("/proc/self/status".as_ref(), 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_no_regular_file_is_named() {
        let root = tempfile::tempdir().unwrap();
        let (fifo, socket, zero) = (root.path().join("fifo"), root.path().join("socket"), root.path().join("zero"));
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _listener = UnixListener::bind(&socket).unwrap();
        symlink("/dev/zero", &zero).unwrap();
        let table = [
            (fifo.as_path(), "it is a FIFO, not a regular file"),
            (socket.as_path(), "it is a socket or a device without a driver, not a regular file"),
            (zero.as_path(), "it is a character device, not a regular file"),
            (root.path(), "it is a directory, not a regular file"),
        ];
        for (path, expected) in table {
            assert_eq!(read(path, 10).unwrap_err().to_string(), expected);
        }
    }
}
