//! Replaces an agent's report, so that a reader sees the old one or the new one.

use std::fs::{self, File};
use std::io::{self, Write as _};

use mosaic_domain::AgentName;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::{ActivityReport, RunDirectory};

/// Writes a report. Any number of processes may at the same time: each has a staging file of its own, and the last
/// one's word stands.
///
/// # Errors
/// It cannot be written (disk full, read-only, directory gone); the old report then still stands.
pub fn write_activity(directory: &RunDirectory, agent: &AgentName, report: &ActivityReport) -> io::Result<()> {
    // Named for this process: one that was killed in between leaves a file that a later one takes over.
    let staging = directory.path().join(format!(".{agent}.state.{}", std::process::id()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(CWD, &staging, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(report.to_string().as_bytes());
    drop(file);
    let replaced = written.and_then(|()| fs::rename(&staging, directory.activity(agent)));
    if replaced.is_err() {
        let _ = fs::remove_file(&staging);
    }
    replaced
}
