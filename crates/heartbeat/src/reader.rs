//! Reads heartbeats, whatever stands in the run directory.

use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::{Heartbeat, MalformedHeartbeat};

/// The longest file that is read: about ten times what a writer writes.
pub const MAX_BYTES: usize = 4096;

/// There is a file, and it is no heartbeat. What it would have said is unknown.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableHeartbeat {
    /// The system would not let us read it.
    #[error("cannot read it: {0}")]
    Io(#[source] io::Error),
    /// A directory, FIFO or device.
    #[error("it is not a regular file")]
    NotAFile,
    /// Longer than [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Text that is not a heartbeat.
    #[error("{0}")]
    Malformed(#[from] MalformedHeartbeat),
}

/// Reads one heartbeat; `None` if there is no file.
///
/// # Errors
/// There is one that cannot be understood; never a crash, whatever it holds.
pub fn read(path: &Path) -> Result<Option<Heartbeat>, UnreadableHeartbeat> {
    read_in(CWD, path)
}

/// The same, of a file below a directory: who reads a thousand of them holds that open.
///
/// # Errors
/// As [`read`].
pub fn read_in(directory: impl AsFd, file: impl Arg) -> Result<Option<Heartbeat>, UnreadableHeartbeat> {
    match read_text(directory, file)? {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(None),
    }
}

/// The text of a small file; `None` if there is none.
pub(crate) fn read_text(directory: impl AsFd, path: impl Arg) -> Result<Option<String>, UnreadableHeartbeat> {
    let failed = |error: Errno| UnreadableHeartbeat::Io(error.into());
    // Opening a FIFO that somebody put there must not hang.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = match openat(directory, path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !FileType::from_raw_mode(fstat(&file).map_err(failed)?.st_mode).is_file() {
        return Err(UnreadableHeartbeat::NotAFile);
    }
    // A file gives all that fits in one read, which is what a fleet of a thousand is read in.
    let mut room = [MaybeUninit::uninit(); MAX_BYTES + 1];
    let (bytes, _) = rustix::io::read(&file, &mut room).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(UnreadableHeartbeat::TooLong);
    }
    str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|_| UnreadableHeartbeat::NotText)
}
