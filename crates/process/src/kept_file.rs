//! A small file of the kernel's that is kept open, to be read again and again.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::pread;
use rustix::path::Arg;

/// Larger than nearly all files that are read here, and small on a stack.
const USUAL: usize = 2048;

/// An open file of `/proc` or of a control group. Each reading has it made up anew; finding, opening and
/// closing it again would take twice as long as that.
///
/// It stays the file of that very process or group: when that is gone, reading fails, whoever has its
/// number or name then.
#[derive(Debug)]
pub struct KeptFile(OwnedFd);

impl KeptFile {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: impl Arg) -> io::Result<Self> {
        Ok(Self(open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?))
    }

    /// Has `look` look at what the file holds now. As for [`with_file`](crate::with_file), a reading that
    /// comes back short has to be the last one.
    ///
    /// # Errors
    /// It cannot be read: what it is about is gone.
    pub fn with<T>(&self, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let mut usual = [MaybeUninit::uninit(); USUAL];
        let (first, room) = pread(&self.0, &mut usual, 0)?;
        if !room.is_empty() {
            return Ok(look(first));
        }
        let mut all = first.to_vec();
        loop {
            all.reserve(4 * USUAL);
            let offset = all.len() as u64;
            if pread(&self.0, spare_capacity(&mut all), offset)? == 0 {
                return Ok(look(&all));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptFile, USUAL};

    #[test]
    fn what_a_file_holds_now_is_read_each_time_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "").unwrap();
        let kept = KeptFile::open(&path).unwrap();
        for length in [0, 1, USUAL - 1, USUAL, USUAL + 1, 20 * USUAL, 3] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(kept.with(<[u8]>::to_vec).unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn the_file_of_a_process_that_is_gone_cannot_be_read() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let kept = KeptFile::open(format!("/proc/{}/stat", child.id())).unwrap();
        assert!(kept.with(|line| line.starts_with(child.id().to_string().as_bytes())).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(kept.with(|_| ()).is_err());
    }
}
