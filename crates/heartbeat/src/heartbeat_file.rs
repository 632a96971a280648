//! Reading and replacing the heartbeat file of an agent.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use rustix::fd::AsFd;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::{Heartbeat, MalformedHeartbeat, RunDirectory};

/// The maximum size of a file that is read, about ten times that of a heartbeat.
pub const MAX_BYTES: usize = 4096;

/// The error of reading a file that exists and is not a heartbeat or an activity report. What it would have
/// said is unknown.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableHeartbeat {
    /// The file cannot be opened or read.
    #[error("cannot read it: {0}")]
    Io(#[source] io::Error),
    /// It is a directory, a FIFO or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is longer than [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Its text cannot be parsed.
    #[error("{0}")]
    Malformed(#[from] MalformedHeartbeat),
}

/// Reads a heartbeat. `None` if the file does not exist.
///
/// # Errors
/// The file exists and cannot be read or parsed.
pub fn read(path: &Path) -> Result<Option<Heartbeat>, UnreadableHeartbeat> {
    read_in(CWD, path)
}

/// Reads a heartbeat below an open directory, which is faster for many files.
///
/// # Errors
/// The same as of [`read`].
pub fn read_in(directory: impl AsFd, file: impl Arg) -> Result<Option<Heartbeat>, UnreadableHeartbeat> {
    match read_text(directory, file)? {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(None),
    }
}

/// Reads the text of a small regular file. `None` if it does not exist.
pub(crate) fn read_text(directory: impl AsFd, path: impl Arg) -> Result<Option<String>, UnreadableHeartbeat> {
    let failed = |error: Errno| UnreadableHeartbeat::Io(error.into());
    // NONBLOCK: opening a FIFO must not hang.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = match openat(directory, path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !FileType::from_raw_mode(fstat(&file).map_err(failed)?.st_mode).is_file() {
        return Err(UnreadableHeartbeat::NotAFile);
    }
    // One read returns all of a regular file that fits, so no second read is needed to see its end.
    let mut buffer = [MaybeUninit::uninit(); MAX_BYTES + 1];
    let (bytes, _) = rustix::io::read(&file, &mut buffer).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(UnreadableHeartbeat::TooLong);
    }
    str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|_| UnreadableHeartbeat::NotText)
}

/// The heartbeat file of one agent, for its writer. The writer must hold the agent's sidecar lock, because
/// two writers would share the staging file.
///
/// Each write replaces the file atomically by four system calls: open, write, close, rename. There is no
/// fsync, because a heartbeat from before a crash of the host is useless after it.
#[derive(Debug)]
pub struct HeartbeatFile {
    path: PathBuf,
    /// The file that is written before the rename. Its name is always the same, so a writer that is killed
    /// leaves at most one file, which the next writer reuses.
    staging_path: PathBuf,
    text: String,
}

impl HeartbeatFile {
    /// The file `<run directory>/<agent>.hb`.
    #[must_use]
    pub fn new(directory: &RunDirectory, agent: &AgentName) -> Self {
        let staging_path = directory.path().join(format!(".{agent}.hb.new"));
        Self { path: directory.heartbeat(agent), staging_path, text: String::new() }
    }

    /// Replaces the heartbeat.
    ///
    /// # Errors
    /// The file cannot be written, for example because the disk is full or the directory was removed. The old
    /// heartbeat then stays.
    pub fn write(&mut self, heartbeat: &Heartbeat) -> io::Result<()> {
        self.text.clear();
        write!(self.text, "{heartbeat}").map_err(io::Error::other)?;
        // std would make another system call with musl, whose open(2) sets close-on-exec a second time.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(CWD, &self.staging_path, flags, Mode::RUSR | Mode::WUSR)?);
        let replaced = file.write_all(self.text.as_bytes()).and_then(|()| {
            drop(file);
            fs::rename(&self.staging_path, &self.path)
        });
        if replaced.is_err() {
            // On a full disk an empty file can be made but not filled.
            let _ = fs::remove_file(&self.staging_path);
        }
        replaced
    }

    /// Removes the staging file of a writer that was killed during a write.
    pub fn remove_staging_file(&self) {
        // An error is ignored: usually the file does not exist, and otherwise the next write reuses it.
        let _ = fs::remove_file(&self.staging_path);
    }
}
