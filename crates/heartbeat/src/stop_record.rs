//! The record that an agent was stopped on request: `fleet/stopped/<agent>` below `MOSAIC_HOME`.
//!
//! A stop writes it, and a start removes it. Unlike a heartbeat it has to survive a boot, because an agent whose unit is
//! disabled is still stopped on purpose after it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, BootId, FleetPaths};
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::heartbeat_file::read_text;
use crate::key_value_lines::KeyValueLines;
use crate::{Heartbeat, MalformedHeartbeat};

/// A stop of an agent that was requested and has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRecord {
    /// When the agent had stopped, by the wall clock.
    pub at: Timestamp,
    /// The same moment on the monotonic clock of a boot, which cannot be set. `None` if the kernel's clocks could not
    /// be read.
    pub uptime: Option<(BootId, Duration)>,
    /// The user or the agent that requested the stop.
    pub by: String,
}

impl StopRecord {
    /// Writes the record, durably and atomically.
    ///
    /// # Errors
    /// The file cannot be written. An older record then stays.
    pub fn write(&self, paths: &FleetPaths, agent: &AgentName) -> io::Result<()> {
        let directory = paths.stop_records();
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        // An agent's name never begins with a full stop.
        let staging_path = directory.join(format!(".{agent}.{}", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(CWD, &staging_path, flags, Mode::RUSR | Mode::WUSR)?);
        let written = file.write_all(self.to_string().as_bytes()).and_then(|()| file.sync_all());
        drop(file);
        let replaced = written.and_then(|()| fs::rename(&staging_path, paths.stop_record(agent)));
        if replaced.is_err() {
            let _ = fs::remove_file(&staging_path);
        }
        replaced.and_then(|()| File::open(&directory)?.sync_all())
    }

    /// Removes the record of an agent, if it has one.
    ///
    /// # Errors
    /// The record exists and cannot be removed.
    pub fn remove(paths: &FleetPaths, agent: &AgentName) -> io::Result<()> {
        match fs::remove_file(paths.stop_record(agent)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Whether the agent has been started since, as its last heartbeat shows. A start removes the record, unless it
    /// could not.
    #[must_use]
    pub fn is_outdated_by(&self, heartbeat: &Heartbeat) -> bool {
        let monotonic = heartbeat.binding.as_ref().map(|binding| (binding.boot, binding.monotonic));
        match (self.uptime, monotonic) {
            (Some((boot, stopped)), Some((same_boot, written))) if boot == same_boot => written > stopped,
            _ => heartbeat.written_at > self.at,
        }
    }
}

/// Reads the records of all agents. A record that cannot be read or parsed is the reason why.
///
/// # Errors
/// The directory exists and cannot be read.
pub fn read_stop_records(directory: &Path) -> io::Result<BTreeMap<AgentName, Result<StopRecord, String>>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut records = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let Some(agent) = entry.file_name().to_str().and_then(|name| name.parse::<AgentName>().ok()) else { continue };
        match read_text(CWD, entry.path()) {
            // It was removed after the directory was listed.
            Ok(None) => {}
            Ok(Some(text)) => {
                drop(records.insert(agent, text.parse().map_err(|error: MalformedHeartbeat| error.to_string())));
            }
            Err(error) => drop(records.insert(agent, Err(error.to_string()))),
        }
    }
    Ok(records)
}

/// Writes the text of the file.
impl fmt::Display for StopRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ts={:.3}", self.at)?;
        if let Some((boot, monotonic)) = self.uptime {
            writeln!(f, "boot={boot}\nmono={}.{:03}", monotonic.as_secs(), monotonic.subsec_millis())?;
        }
        writeln!(f, "by={}", self.by)
    }
}

impl FromStr for StopRecord {
    type Err = MalformedHeartbeat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = KeyValueLines::new(text)?;
        let boot = lines.find("boot")?.and_then(|boot| boot.parse().ok());
        let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
        let monotonic = lines.find("mono")?.and_then(seconds);
        Ok(Self {
            at: lines.parse_with("ts", |value| value.parse().ok())?,
            uptime: boot.zip(monotonic),
            by: lines.parse_with("by", |value| Some(value.to_owned()).filter(|value| !value.is_empty()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{StopRecord, read_stop_records};
    use crate::Heartbeat;
    use mosaic_domain::{AgentName, FleetPaths};
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    const BOOT: &str = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe";

    fn record() -> StopRecord {
        StopRecord {
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            uptime: Some((BOOT.parse().unwrap(), Duration::from_millis(1_000_500))),
            by: "jarvis".to_owned(),
        }
    }

    #[test]
    fn a_record_survives_until_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let paths = FleetPaths::new(root.path().to_owned());
        let (agent, other): (AgentName, AgentName) = ("coder0".parse().unwrap(), "coder1".parse().unwrap());
        assert!(read_stop_records(&paths.stop_records()).unwrap().is_empty());
        record().write(&paths, &agent).unwrap();
        record().write(&paths, &agent).unwrap();
        fs::write(paths.stop_record(&other), "by=").unwrap();
        fs::write(paths.stop_records().join(".coder2.77"), "").unwrap();
        let records = read_stop_records(&paths.stop_records()).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[&agent], Ok(record()));
        assert!(records[&other].as_ref().unwrap_err().contains("cut short"));
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(paths.stop_records()), mode(paths.stop_record(&agent))), (0o700, 0o600));
        StopRecord::remove(&paths, &agent).unwrap();
        StopRecord::remove(&paths, &agent).unwrap();
        assert!(!read_stop_records(&paths.stop_records()).unwrap().contains_key(&agent));
    }

    #[test]
    fn a_later_heartbeat_shows_that_the_agent_was_started_again() {
        let heartbeat = |ts: &str, status: &str, boot: &str, mono: &str| -> Heartbeat {
            format!(
                "ts={ts}\npid=77\nstatus={status}\nv=2\nagent=a\nboot={boot}\nstart=5\nmono={mono}\ninterval=15\nseq=1\n\
                 sidecar=78\ngen=1\n"
            )
            .parse()
            .unwrap()
        };
        let other_boot = "11111111-8b1c-49c8-862a-3c44fb7bacfe";
        let table = [
            ("2026-11-20T11:59:59Z", "stopped", BOOT, "1000.500", false),
            ("2026-11-20T11:59:59Z", "exited", BOOT, "999.000", false),
            ("2026-11-20T12:30:00Z", "exited", BOOT, "2800.000", true),
            ("2026-11-20T12:30:00Z", "ok", BOOT, "2800.000", true),
            // The wall clock was set back meanwhile, or forward.
            ("2026-11-20T11:00:00Z", "exited", BOOT, "2800.000", true),
            ("2026-11-20T13:00:00Z", "exited", BOOT, "900.000", false),
            ("2026-11-20T12:30:00Z", "lost", other_boot, "20.000", true),
        ];
        for (ts, status, boot, mono, expected) in table {
            assert_eq!(record().is_outdated_by(&heartbeat(ts, status, boot, mono)), expected, "{ts} {status} {boot}");
        }
    }
}
