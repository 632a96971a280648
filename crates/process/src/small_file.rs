//! Small files, mostly such as the kernel makes up while they are read: as few calls as can be.

use std::cell::Cell;
use std::fmt::Arguments;
use std::io::{self, Write as _};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::read;
use rustix::path::Arg;

/// Larger than nearly all files that are read here, and small on a stack.
const USUAL: usize = 2048;

/// Has `look` look at the bytes of a file. `std::fs::read` takes twice the calls, which is what a
/// look at a thousand processes costs.
///
/// The kernel shows a list line by line, and ends a read before the line that does not fit; so a
/// read that comes back short is the last one only while lines are short, as in `cgroup.procs`,
/// or all is one piece, as in `stat`. Files of long lines, as `mountinfo`, are not for this.
///
/// # Errors
/// It cannot be opened, or not be read.
pub fn with_file<T>(path: impl Arg, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?;
    let mut usual = [MaybeUninit::uninit(); USUAL];
    let (first, room) = read(&file, &mut usual)?;
    if !room.is_empty() {
        return Ok(look(first));
    }
    let mut all = first.to_vec();
    loop {
        all.reserve(4 * USUAL);
        if read(&file, spare_capacity(&mut all))? == 0 {
            return Ok(look(&all));
        }
    }
}

/// The same for a file below a directory. The path is put together where the one before was: of
/// threads that look at thousands of files, each would wait for the other to allocate.
pub(crate) fn with_file_in<T>(directory: &Path, file: Arguments<'_>, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
    thread_local! {
        static PATH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut path = PATH.take();
    path.clear();
    path.extend_from_slice(directory.as_os_str().as_bytes());
    path.push(b'/');
    let seen = path.write_fmt(file).and_then(|()| with_file(path.as_slice(), look));
    PATH.set(path);
    seen
}

#[cfg(test)]
mod tests {
    use super::{USUAL, with_file};

    #[test]
    fn a_file_of_any_length_is_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for length in [0, 1, USUAL - 1, USUAL, USUAL + 1, 5 * USUAL, 20 * USUAL] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(with_file(&path, <[u8]>::to_vec).unwrap(), bytes, "{length}");
        }
        assert_eq!(with_file(directory.path().join("none"), |_| ()).unwrap_err().kind(), std::io::ErrorKind::NotFound);
        let listed = std::fs::read("/proc/self/environ").unwrap();
        assert_eq!(with_file("/proc/self/environ", <[u8]>::to_vec).unwrap(), listed);
    }
}
