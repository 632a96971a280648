//! The messages that are kept, and what is true of each now.

use mosaic_delivery::spool::{Entry, Outbox, Record, SpoolError};
use mosaic_delivery::{PostError, orphan_outcome};
use mosaic_domain::AgentName;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// Whose outbox it is in.
    pub(crate) agent: AgentName,
    /// As its file has it.
    pub(crate) entry: Entry,
    /// What is true of it: whoever carried it may have ended.
    pub(crate) now: Record,
}

/// A file that is no message, or cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Whose outbox it is in.
    pub(crate) agent: AgentName,
    /// Why.
    pub(crate) error: SpoolError,
}

/// Reads the messages to these agents, oldest first, and says which files are none or cannot be read.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn kept(outbox: &Outbox, agents: &[AgentName]) -> Result<(Vec<Kept>, Vec<Unreadable>), PostError> {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    for agent in agents {
        for read in outbox.messages(agent)? {
            match read {
                Ok(entry) => all.push(Kept { agent: agent.clone(), now: truth(&entry.record)?, entry }),
                Err(error) => unreadable.push(Unreadable { agent: agent.clone(), error }),
            }
        }
    }
    all.sort_by(|one: &Kept, other| one.now.id.cmp(&other.now.id));
    Ok((all, unreadable))
}

fn truth(record: &Record) -> Result<Record, PostError> {
    let mut now = record.clone();
    if let Some(outcome) = orphan_outcome(record)? {
        now.settle(&outcome, record.since);
    }
    Ok(now)
}
