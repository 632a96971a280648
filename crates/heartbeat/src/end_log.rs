//! The file of an agent's ends, `MOSAIC_HOME/fleet/ends/<agent>.jsonl`: one line of JSON for each end, the newest last.
//!
//! It tells how an agent ended where there is no journal, or where the journal has forgotten it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, FleetPaths};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use crate::end_record::{EndRecord, LogEntry, without_lines};

/// How many ends are kept.
const MAX_ENTRIES: usize = 100;
/// How many of them keep the last lines of the pane.
const MAX_ENTRIES_WITH_LINES: usize = 10;
/// How much is read of a file, from its end. A file of the maximum number of entries is smaller.
const MAX_BYTES: u64 = 256 * 1024;

/// The file of one agent's ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndLog {
    path: PathBuf,
    /// The file that is written before the rename. Its name is always the same, so that a writer that is killed leaves
    /// at most one.
    staging_path: PathBuf,
}

impl EndLog {
    /// The file below a fleet's directory.
    #[must_use]
    pub fn new(paths: &FleetPaths, agent: &AgentName) -> Self {
        Self { path: paths.agent_ends(agent), staging_path: paths.ends().join(format!(".{agent}.jsonl.new")) }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an end.
    ///
    /// # Errors
    /// The file cannot be written, for example because the disk is full. The old file then stays.
    pub fn append(&self, record: &EndRecord) -> io::Result<()> {
        self.append_line(&record.to_json())
    }

    /// Adds that a start was requested, so that the ends before it no longer delay one.
    ///
    /// # Errors
    /// The same as of [`EndLog::append`].
    pub fn request_start(&self, at: jiff::Timestamp) -> io::Result<()> {
        self.append_line(&LogEntry::start_requested(at))
    }

    /// The entries that can be parsed, the oldest first. A missing file has none.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn entries(&self) -> io::Result<Vec<LogEntry>> {
        Ok(self.read_text()?.lines().filter_map(LogEntry::parse).collect())
    }

    /// The text of the file, or its end if it is longer than any that this program writes. A missing file is empty.
    ///
    /// # Errors
    /// The file exists and cannot be read, or is not a regular file.
    pub fn read_text(&self) -> io::Result<String> {
        // NONBLOCK: opening a FIFO must not hang.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let mut file = match openat(CWD, &self.path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        let status = fstat(&file)?;
        if !FileType::from_raw_mode(status.st_mode).is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let mut bytes = Vec::new();
        let skipped = u64::try_from(status.st_size).unwrap_or_default().saturating_sub(MAX_BYTES);
        file.seek(SeekFrom::Start(skipped))?;
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Replaces the file by one with this line at its end and without the lines that are too many.
    fn append_line(&self, line: &str) -> io::Result<()> {
        // A file that cannot be read is replaced, because the newest end matters most.
        let text = self.read_text().unwrap_or_default();
        let old: Vec<&str> = text.lines().filter(|line| LogEntry::parse(line).is_some()).collect();
        let kept = &old[(old.len() + 1).saturating_sub(MAX_ENTRIES)..];
        let bare = (kept.len() + 1).saturating_sub(MAX_ENTRIES_WITH_LINES);
        let mut new = String::with_capacity(text.len() + line.len() + 1);
        for (nth, old) in kept.iter().enumerate() {
            let line = if nth < bare { without_lines(old) } else { (*old).to_owned() };
            new.push_str(&line);
            new.push('\n');
        }
        new.push_str(line);
        new.push('\n');
        self.replace(new.as_bytes())
    }

    fn replace(&self, text: &[u8]) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(CWD, &self.staging_path, flags, Mode::RUSR | Mode::WUSR)?);
        let replaced = file.write_all(text).and_then(|()| {
            drop(file);
            fs::rename(&self.staging_path, &self.path)
        });
        if replaced.is_err() {
            // On a full disk an empty file can be made but not filled.
            let _ = fs::remove_file(&self.staging_path);
        }
        replaced
    }
}

#[cfg(test)]
mod tests {
    use super::{EndLog, MAX_ENTRIES, MAX_ENTRIES_WITH_LINES};
    use crate::end_record::{EndRecord, EndVerdict, LogEntry};
    use mosaic_domain::{ExitVerdict, FleetPaths};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    fn record(generation: u64) -> EndRecord {
        EndRecord {
            at: "2026-11-20T14:58:08Z".parse().unwrap(),
            verdict: EndVerdict::Exited(ExitVerdict::Code(1)),
            lifetime: Duration::from_secs(13),
            generation,
            requested_by: None,
            lines: vec!["the reason".to_owned(); 50],
        }
    }

    fn log(home: &tempfile::TempDir) -> EndLog {
        EndLog::new(&FleetPaths::new(home.path().join("m")), &"coder0".parse().unwrap())
    }

    #[test]
    fn the_file_is_private_and_bounded() {
        let home = tempfile::tempdir().unwrap();
        let log = log(&home);
        assert_eq!(log.entries().unwrap(), []);
        let count = MAX_ENTRIES as u64 + 20;
        (1..=count).for_each(|generation| log.append(&record(generation)).unwrap());
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(log.path()), mode(log.path().parent().unwrap())), (0o600, 0o700));
        let text = log.read_text().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), log.entries().unwrap().len()), (MAX_ENTRIES, MAX_ENTRIES));
        assert_eq!(lines.iter().filter(|line| line.contains("the reason")).count(), MAX_ENTRIES_WITH_LINES);
        assert!(lines[0].contains("\"gen\":21}") && lines[MAX_ENTRIES - 1].contains("\"gen\":120,\"lines\""), "{text}");
        assert_eq!(fs::read_dir(log.path().parent().unwrap()).unwrap().count(), 1, "no staging file stays");
    }

    #[test]
    fn damaged_lines_and_foreign_files_cost_only_themselves() {
        let home = tempfile::tempdir().unwrap();
        let log = log(&home);
        log.append(&record(1)).unwrap();
        let good = fs::read(log.path()).unwrap();
        let mut damaged = b"\xff\xfe garbage\n{\"v\":1,\"ts\":\"2026\n".to_vec();
        damaged.extend_from_slice(&good);
        damaged.extend_from_slice(&good[..40]);
        fs::write(log.path(), damaged).unwrap();
        assert_eq!(log.entries().unwrap().len(), 1);
        log.request_start("2026-11-20T14:59:00Z".parse().unwrap()).unwrap();
        let entries = log.entries().unwrap();
        assert!(matches!(entries[..], [LogEntry::Ended { .. }, LogEntry::StartRequested { .. }]), "{entries:?}");
        // Far more than any file of ours: its end is read.
        let mut huge = vec![b'x'; 1 << 20];
        huge.push(b'\n');
        huge.extend_from_slice(&good);
        fs::write(log.path(), huge).unwrap();
        assert_eq!(log.entries().unwrap().len(), 1);
        fs::remove_file(log.path()).unwrap();
        fs::create_dir(log.path()).unwrap();
        assert!(log.entries().is_err());
        assert!(log.append(&record(2)).is_err());
    }
}
