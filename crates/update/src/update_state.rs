//! The state of updates in the run directory: the lock that admits one update at a time, and the record
//! that the next update continues from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_heartbeat::RunDirectory;
use mosaic_process::LockFile;
use mosaic_provision::replace_file;
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;
use serde::{Deserialize, Serialize};

use crate::program_version::KnownVersion;
use crate::update_error::UpdateError;

/// The lock of an update, held until it is dropped or its process ends.
///
/// It is not the fleet lock: an update may wait an hour for an agent to become idle, and other commands
/// may change the fleet meanwhile.
#[derive(Debug)]
pub(crate) struct UpdateLock {
    _file: LockFile,
}

/// What an update leaves for the next one. It is stored beside the heartbeats, in `.update-record`, and like
/// them it is lost at a boot, which restarts every agent.
#[derive(Debug)]
pub(crate) struct UpdateRecord {
    path: PathBuf,
    content: RecordContent,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RecordContent {
    /// The observed versions, by program.
    programs: BTreeMap<PathBuf, KnownVersion>,
    /// The agents that an update has stopped and has not seen up again.
    #[serde(rename = "owed")]
    pending_starts: BTreeSet<String>,
}

impl UpdateLock {
    /// Acquires the lock without waiting.
    ///
    /// # Errors
    /// Another update holds the lock, or the lock file cannot be written.
    pub(crate) fn acquire(directory: &RunDirectory) -> Result<Self, UpdateError> {
        directory.prepare().map_err(|error| UpdateError::io("create", error.path, error.source))?;
        // The name differs from agents' locks, which end in `.lock`.
        let path = directory.path().join(".update-lock");
        let failed = |source| UpdateError::io("lock", &path, source);
        let mut file = LockFile::open(&path).map_err(failed)?;
        if file.try_lock().map_err(failed)? {
            Ok(Self { _file: file })
        } else {
            Err(UpdateError::Locked { pid: file.holder() })
        }
    }
}

impl UpdateRecord {
    /// Reads the record. A missing or malformed record is empty; the change times of programs then decide
    /// which agents are outdated.
    pub(crate) fn read(directory: &RunDirectory) -> Self {
        let path = directory.path().join(".update-record");
        let content = mosaic_regular_file::read(&path, MAX_CONFIGURATION_BYTES)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { path, content: content.unwrap_or_default() }
    }

    /// The recorded version of a program.
    pub(crate) fn version(&self, program: &Path) -> Option<&KnownVersion> {
        self.content.programs.get(program)
    }

    /// Records the version of a program.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(crate) fn set_version(&mut self, program: &Path, known: KnownVersion) -> Result<(), UpdateError> {
        self.content.programs.insert(program.to_owned(), known);
        self.write()
    }

    /// Whether an update has stopped this agent and has not seen it up since.
    pub(crate) fn is_start_pending(&self, agent: &AgentName) -> bool {
        self.content.pending_starts.contains(agent.as_str())
    }

    /// Records that an agent is about to be stopped, so that the next update starts it even if this one is
    /// killed.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(crate) fn set_start_pending(&mut self, agent: &AgentName) -> Result<(), UpdateError> {
        self.content.pending_starts.insert(agent.to_string());
        self.write()
    }

    /// Records that an agent is up again.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(crate) fn clear_start_pending(&mut self, agent: &AgentName) -> Result<(), UpdateError> {
        if self.content.pending_starts.remove(agent.as_str()) { self.write() } else { Ok(()) }
    }

    fn write(&self) -> Result<(), UpdateError> {
        let failed = |error: serde_json::Error| UpdateError::io("write", &self.path, error.into());
        Ok(replace_file(&self.path, &serde_json::to_vec(&self.content).map_err(failed)?, 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{UpdateLock, UpdateRecord};
    use crate::program_version::KnownVersion;
    use crate::update_error::UpdateError;
    use jiff::Timestamp;
    use mosaic_heartbeat::RunDirectory;
    use std::path::Path;

    #[test]
    fn a_second_update_is_refused_with_the_pid_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(directory.path().join("run"));
        let first = UpdateLock::acquire(&run).unwrap();
        let error = UpdateLock::acquire(&run).unwrap_err();
        assert!(matches!(error, UpdateError::Locked { .. }), "{error}");
        assert!(error.to_string().contains(&format!("PID {}", std::process::id())), "{error}");
        drop(first);
        UpdateLock::acquire(&run).unwrap();
    }

    #[test]
    fn a_written_record_is_read_back_and_a_malformed_one_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(directory.path().to_owned());
        let (pi, coder0) = (Path::new("/p/bin/pi"), "coder0".parse().unwrap());
        let known = KnownVersion::from_observation(None, "1.0", Timestamp::new(5, 7).unwrap(), Timestamp::now());
        let mut record = UpdateRecord::read(&run);
        assert_eq!((record.version(pi), record.is_start_pending(&coder0)), (None, false));
        record.set_version(pi, known.clone()).unwrap();
        record.set_start_pending(&coder0).unwrap();
        let mut read = UpdateRecord::read(&run);
        assert_eq!((read.version(pi), read.is_start_pending(&coder0)), (Some(&known), true));
        read.clear_start_pending(&coder0).unwrap();
        assert!(!UpdateRecord::read(&run).is_start_pending(&coder0));
        std::fs::write(directory.path().join(".update-record"), "{").unwrap();
        assert_eq!(UpdateRecord::read(&run).version(pi), None);
    }
}
