//! The messages to each agent, on disk: `fleet/outbox/<agent>/<id>.json`, mode 0600, replaced atomically at every step. So a
//! sender may be killed at any moment, and the state of its message is known: a message in the state "typing" may have
//! been typed, and is not typed again unless a person asks for it.
//!
//! The file `.waiting` in an agent's directory exists while messages wait, so that a sidecar sees with one look that it
//! has to deliver them. `.typed` names the message whose text may be in the composer. `.turn` and `.turn-…` are the agent's lock and the tickets of the processes that wait for it.

mod agent_lock;
mod message_counts;
mod message_id;
mod outbox;
mod record;
mod record_writer;

pub use agent_lock::AgentLock;
pub use message_counts::{MessageCounter, MessageCounts};
pub use message_id::{InvalidMessageId, MessageId};
pub use outbox::{Outbox, SpoolError};
pub use record::{MessageOwner, Record, State};
pub use record_writer::{Entry, RecordWriter};
