//! One agent in the table.

use std::time::Duration;

use mosaic_domain::{AgentName, ExitVerdict, ProcessIdentity};

use super::verdict::Verdict;

/// What is shown of an agent, and what the scene goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) agent: AgentName,
    pub(crate) verdict: Verdict,
    /// The process that the heartbeat is bound to.
    pub(crate) process: Option<ProcessIdentity>,
    /// How that ended, by the heartbeat.
    pub(crate) exit: Option<ExitVerdict>,
    /// The age of the heartbeat.
    pub(crate) age: Option<Duration>,
    /// How often the agent was started.
    pub(crate) starts: Option<u64>,
    /// The last line in its pane.
    pub(crate) output: String,
}
