//! Replaces an agent's heartbeat, so that a reader sees the old one or the new one.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use mosaic_domain::AgentName;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::{Heartbeat, RunDirectory};

/// Writes the heartbeats of one agent. Whoever has one must hold the agent's sidecar lock: two
/// writers would share the staging file.
///
/// A beat is four system calls: open, write, close, rename. There is no fsync: a heartbeat from
/// before a crash of the host is of no use after it.
#[derive(Debug)]
pub struct Writer {
    heartbeat: PathBuf,
    /// The one name that is ever written to before the rename, so that a writer killed in between
    /// leaves one file at most, which its successor takes over.
    staging: PathBuf,
    text: String,
}

impl Writer {
    /// A writer for `<run directory>/<agent>.hb`.
    #[must_use]
    pub fn new(directory: &RunDirectory, agent: &AgentName) -> Self {
        let staging = directory.path().join(format!(".{agent}.hb.new"));
        Self { heartbeat: directory.heartbeat(agent), staging, text: String::new() }
    }

    /// Writes one beat.
    ///
    /// # Errors
    /// The file cannot be written (disk full, read-only, directory gone); the old heartbeat then
    /// still stands.
    pub fn write(&mut self, heartbeat: &Heartbeat) -> io::Result<()> {
        self.text.clear();
        write!(self.text, "{heartbeat}").map_err(io::Error::other)?;
        // Not by std: musl's open(2) sets close-on-exec a second time, by a call of its own.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(CWD, &self.staging, flags, Mode::RUSR | Mode::WUSR)?);
        let replaced = file.write_all(self.text.as_bytes()).and_then(|()| {
            drop(file);
            fs::rename(&self.staging, &self.heartbeat)
        });
        if replaced.is_err() {
            // On a full disk an empty file can be made and not filled; it is in nobody's interest.
            let _ = fs::remove_file(&self.staging);
        }
        replaced
    }

    /// Removes what a writer that was killed in the middle of a beat left behind.
    pub fn clear_litter(&self) {
        // Usually there is none; and if it cannot be removed, the next beat takes it over.
        let _ = fs::remove_file(&self.staging);
    }
}
