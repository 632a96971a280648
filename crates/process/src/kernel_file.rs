//! Reading small files, mostly files that the kernel generates on reading, with as few system calls as
//! possible.

use std::cell::Cell;
use std::fmt::Arguments;
use std::io::{self, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{pread, read};
use rustix::path::Arg;

/// The size of the first read: larger than nearly all files that are read here, and small enough for a
/// stack.
const FIRST_READ: usize = 2048;

/// Passes the contents of a file to `parse`. `std::fs::read` makes twice as many system calls, which
/// counts for an observation of a thousand processes.
///
/// The kernel generates a list line by line and ends a read before a line that does not fit. A short read
/// is therefore the last one only in a file of short lines, such as `cgroup.procs`, or in a file that is
/// generated as a whole, such as `stat`. Do not read files of long lines, such as `mountinfo`, with this
/// function.
///
/// # Errors
/// The file cannot be opened or read.
pub(crate) fn read_file_with<T>(path: impl Arg, parse: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); FIRST_READ];
    let (first, room) = read(&file, &mut buffer)?;
    if !room.is_empty() {
        return Ok(parse(first));
    }
    let mut all = first.to_vec();
    loop {
        all.reserve(4 * FIRST_READ);
        if read(&file, spare_capacity(&mut all))? == 0 {
            return Ok(parse(&all));
        }
    }
}

/// Does the same as [`read_file_with`] for a file below a directory. Each thread reuses one buffer for the
/// path, because threads that read thousands of files would otherwise contend for the allocator.
pub(crate) fn read_file_in_with<T>(
    directory: &Path,
    file: Arguments<'_>,
    parse: impl FnOnce(&[u8]) -> T,
) -> io::Result<T> {
    thread_local! {
        static PATH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut path = PATH.take();
    path.clear();
    path.extend_from_slice(directory.as_os_str().as_bytes());
    path.push(b'/');
    let parsed = path.write_fmt(file).and_then(|()| read_file_with(path.as_slice(), parse));
    PATH.set(path);
    parsed
}

/// An open file of `/proc` or of a control group, for repeated reading. The kernel generates the contents
/// anew at each read; opening and closing the file each time would take three times as long.
///
/// The descriptor stays bound to its process or group: when that is gone, reading fails, even if another
/// one has its number or name by then.
#[derive(Debug)]
pub struct KernelFile(OwnedFd);

impl KernelFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: impl Arg) -> io::Result<Self> {
        Ok(Self(open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?))
    }

    /// Passes the present contents of the file to `parse`. A short read has to
    /// be the last one.
    ///
    /// # Errors
    /// The file cannot be read, because its process or group is gone.
    pub fn read_with<T>(&self, parse: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let mut buffer = [MaybeUninit::uninit(); FIRST_READ];
        let (first, room) = pread(&self.0, &mut buffer, 0)?;
        if !room.is_empty() {
            return Ok(parse(first));
        }
        let mut all = first.to_vec();
        loop {
            all.reserve(4 * FIRST_READ);
            let offset = all.len() as u64;
            if pread(&self.0, spare_capacity(&mut all), offset)? == 0 {
                return Ok(parse(&all));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_READ, KernelFile, read_file_with};

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[test]
    fn a_file_of_any_length_is_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for length in [0, 1, FIRST_READ - 1, FIRST_READ, FIRST_READ + 1, 5 * FIRST_READ, 20 * FIRST_READ] {
            std::fs::write(&path, bytes(length)).unwrap();
            assert_eq!(read_file_with(&path, <[u8]>::to_vec).unwrap(), bytes(length), "{length}");
        }
        let missing = read_file_with(directory.path().join("none"), |_| ()).unwrap_err();
        assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
        let environment = std::fs::read("/proc/self/environ").unwrap();
        assert_eq!(read_file_with("/proc/self/environ", <[u8]>::to_vec).unwrap(), environment);
    }

    #[test]
    fn an_open_file_is_read_anew_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "").unwrap();
        let file = KernelFile::open(&path).unwrap();
        for length in [0, 1, FIRST_READ - 1, FIRST_READ, FIRST_READ + 1, 20 * FIRST_READ, 3] {
            std::fs::write(&path, bytes(length)).unwrap();
            assert_eq!(file.read_with(<[u8]>::to_vec).unwrap(), bytes(length), "{length}");
        }
    }

    #[test]
    fn reading_fails_once_the_process_is_gone() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let file = KernelFile::open(format!("/proc/{}/stat", child.id())).unwrap();
        assert!(file.read_with(|line| line.starts_with(child.id().to_string().as_bytes())).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(file.read_with(|_| ()).is_err());
    }
}
