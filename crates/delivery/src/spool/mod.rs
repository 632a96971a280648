//! The messages to each agent, on disk: `fleet/outbox/<agent>/<id>.json`, mode 0600, each replaced as a
//! whole at every step. So whoever carries a message may be killed at any moment, and what is known of it
//! stays: a message that was "typing" when its carrier ended may have been typed, and is never typed again
//! by itself.
//!
//! `.waiting` beside them is there while messages wait: one look tells a sidecar that it has to do
//! something. `.turn` and `.turn-…` put the carriers to one agent into a row.

mod cancel;
mod entry;
mod keeper;
mod message_id;
mod outbox;
mod record;
mod spool_error;
mod state;
mod turn;

pub use entry::Entry;
pub use keeper::Keeper;
pub use message_id::{InvalidMessageId, MessageId};
pub use outbox::Outbox;
pub use record::{Carrier, Record};
pub use spool_error::SpoolError;
pub use state::State;
pub use turn::Turn;
