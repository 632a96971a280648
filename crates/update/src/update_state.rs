//! What is remembered between two updates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_heartbeat::RunDirectory;
use mosaic_provision::replace_file;
use serde::{Deserialize, Serialize};

use super::known_version::KnownVersion;
use crate::error::CommandError;

/// It lies among the heartbeats, which a boot forgets too: after it every agent was started anew.
#[derive(Debug)]
pub(super) struct UpdateRecord {
    path: PathBuf,
    memory: Memory,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// The versions that were seen, by program.
    programs: BTreeMap<PathBuf, KnownVersion>,
    /// Agents that an update stopped, and did not see up again.
    owed: BTreeSet<String>,
}

impl UpdateRecord {
    /// Reads it. One that is not there or makes no sense is empty: then the files' times have to do.
    pub(super) fn read(directory: &RunDirectory) -> Self {
        let path = directory.path().join(".update-record");
        let memory = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { path, memory: memory.unwrap_or_default() }
    }

    /// What is known of a program.
    pub(super) fn known(&self, program: &Path) -> Option<&KnownVersion> {
        self.memory.programs.get(program)
    }

    /// Remembers it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn remember(&mut self, program: &Path, known: KnownVersion) -> Result<(), CommandError> {
        self.memory.programs.insert(program.to_owned(), known);
        self.write()
    }

    /// Was it stopped by an update, and not seen up since?
    pub(super) fn is_owed(&self, agent: &AgentName) -> bool {
        self.memory.owed.contains(agent.as_str())
    }

    /// An agent is about to be stopped: whoever comes next has to start it, whatever happens to us.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn owe(&mut self, agent: &AgentName) -> Result<(), CommandError> {
        self.memory.owed.insert(agent.to_string());
        self.write()
    }

    /// It is up again.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn settle(&mut self, agent: &AgentName) -> Result<(), CommandError> {
        if self.memory.owed.remove(agent.as_str()) { self.write() } else { Ok(()) }
    }

    fn write(&self) -> Result<(), CommandError> {
        let failed = |error: serde_json::Error| CommandError::io("write", &self.path, error.into());
        Ok(replace_file(&self.path, &serde_json::to_vec(&self.memory).map_err(failed)?, 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{KnownVersion, UpdateRecord};
    use jiff::Timestamp;
    use mosaic_heartbeat::RunDirectory;
    use std::path::Path;

    #[test]
    fn what_was_remembered_is_known_and_nonsense_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDirectory::at(directory.path().to_owned());
        let (pi, coder0) = (Path::new("/p/bin/pi"), "coder0".parse().unwrap());
        let known = KnownVersion::now(None, "1.0", Timestamp::new(5, 7).unwrap(), Timestamp::now());
        let mut record = UpdateRecord::read(&run);
        assert_eq!((record.known(pi), record.is_owed(&coder0)), (None, false));
        record.remember(pi, known.clone()).unwrap();
        record.owe(&coder0).unwrap();
        let mut read = UpdateRecord::read(&run);
        assert_eq!((read.known(pi), read.is_owed(&coder0)), (Some(&known), true));
        read.settle(&coder0).unwrap();
        assert!(!UpdateRecord::read(&run).is_owed(&coder0));
        std::fs::write(directory.path().join(".update-record"), "{").unwrap();
        assert_eq!(UpdateRecord::read(&run).known(pi), None);
    }
}
