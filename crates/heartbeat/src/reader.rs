//! Reads heartbeats, whatever stands in the run directory.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::{Heartbeat, MalformedHeartbeat};

/// The longest file that is read: about ten times what a writer writes.
pub const MAX_BYTES: u64 = 4096;

/// `O_NONBLOCK` (fcntl.h of every Linux): opening a FIFO that somebody put there must not hang.
const O_NONBLOCK: i32 = 0o4000;

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
    let file = match OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(UnreadableHeartbeat::Io(error)),
    };
    if !file.metadata().map_err(UnreadableHeartbeat::Io)?.is_file() {
        return Err(UnreadableHeartbeat::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(UnreadableHeartbeat::Io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UnreadableHeartbeat::TooLong);
    }
    let text = str::from_utf8(&bytes).map_err(|_| UnreadableHeartbeat::NotText)?;
    Ok(Some(text.parse()?))
}
