//! The heartbeat of an agent, `<agent>.hb`: all that knows its format, its place and its rules.
//!
//! [`Heartbeat`] is the record, [`RunDirectory`] says where it is, [`Writer`] replaces it
//! atomically, [`read`] takes it back, and [`Freshness`] judges its age. [`AgentLock`], beside it,
//! tells who writes it. [`ActivityReport`] is what an agent says of itself. Whether the process that a heartbeat names is alive is another clock:
//! `process` answers that.

mod activity;
mod agent_lock;
mod freshness;
mod key_values;
mod last_exit;
mod parse;
mod reader;
mod record;
mod run_directory;
mod status;
mod writer;

pub use activity::{Activity, ActivityReport, read_activity, read_activity_in};
pub use agent_lock::{AgentLock, Role};
pub use freshness::{Freshness, Now, Unjudgeable};
pub use last_exit::LastExit;
pub use parse::MalformedHeartbeat;
pub use reader::{MAX_BYTES, UnreadableHeartbeat, read, read_in};
pub use record::{Binding, Heartbeat};
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use status::Status;
pub use writer::Writer;
