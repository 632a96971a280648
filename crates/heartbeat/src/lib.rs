//! The heartbeat of an agent, `<agent>.hb`: all that knows its format, its place and its rules.
//!
//! [`Heartbeat`] is the record, [`RunDirectory`] says where it is, [`Writer`] replaces it
//! atomically, [`read`] takes it back, and [`Freshness`] judges its age. Whether the process that
//! a heartbeat names is alive is another clock: `process` answers that.

mod freshness;
mod parse;
mod reader;
mod record;
mod run_directory;
mod status;
mod writer;

pub use freshness::{Freshness, Now, Unjudgeable};
pub use parse::MalformedHeartbeat;
pub use reader::{MAX_BYTES, UnreadableHeartbeat, read};
pub use record::{Binding, Heartbeat};
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use status::Status;
pub use writer::Writer;
