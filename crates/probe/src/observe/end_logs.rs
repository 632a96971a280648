//! The logs of the agents' ends, below `fleet/ends`.

use std::collections::BTreeMap;
use std::sync::Arc;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{EndLog, EndRecord, LogEntry, RestartHistory};
use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

use crate::ends::parse_records;
use crate::target::Target;

/// What the log of one agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentEnds {
    /// The ends in a row after short runs.
    pub(crate) history: Option<RestartHistory>,
    /// The newest end.
    pub(crate) last: Option<EndRecord>,
}

/// The logs by agent. Each end replaces the file, so an unchanged mark means unchanged content.
#[derive(Debug, Default)]
pub(super) struct EndLogsCache(BTreeMap<AgentName, (FileFingerprint, Arc<AgentEnds>)>);

impl EndLogsCache {
    /// Reads the logs of the agents that have one. A log that cannot be read counts as none: it decides no condition.
    pub(super) fn read(&mut self, target: &Target, agents: &[AgentName]) -> BTreeMap<AgentName, Arc<AgentEnds>> {
        let paths = target.home.paths();
        let mut before = std::mem::take(&mut self.0);
        let mut found = BTreeMap::new();
        for agent in agents {
            let log = EndLog::new(&paths, agent);
            let Ok(Some(mark)) = FileFingerprint::read(CWD, log.path()) else { continue };
            let unchanged = before.remove(agent).filter(|(known, _)| known.still_matches(&mark));
            let ends = unchanged.map_or_else(|| Arc::new(read_log(&log)), |(_, ends)| ends);
            found.insert(agent.clone(), Arc::clone(&ends));
            self.0.insert(agent.clone(), (mark, ends));
        }
        found
    }
}

fn read_log(log: &EndLog) -> AgentEnds {
    let text = log.read_text().unwrap_or_default();
    let entries: Vec<LogEntry> = text.lines().filter_map(LogEntry::parse).collect();
    // Only the newest record is needed in full.
    let newest = text.lines().rfind(|line| matches!(LogEntry::parse(line), Some(LogEntry::Ended { .. })));
    let last = newest.and_then(|line| parse_records(line).pop());
    AgentEnds { history: RestartHistory::from_entries(&entries), last }
}
