//! The heartbeat of an agent, `<agent>.hb`: all that knows its format, its place and its rules.
//!
//! [`Heartbeat`] is the record, [`RunDirectory`] says where it is, [`Writer`] replaces it
//! atomically, [`read`] takes it back, and [`Freshness`] judges its age. [`AgentLock`], beside it,
//! tells who writes it. [`ActivityReport`] is what an agent says of itself. Whether the
//! process that a heartbeat names is alive is another clock: `process` answers that.

mod activity;
mod activity_report;
mod activity_writer;
mod agent_lock;
mod freshness;
mod key_values;
mod last_exit;
mod moment;
mod parse;
mod reader;
mod record;
mod run_directory;
mod saying;
mod status;
mod writer;

pub use activity::Activity;
pub use activity_report::{ActivityReport, read_activity, read_activity_in};
pub use activity_writer::write_activity;
pub use agent_lock::{AgentLock, Role};
pub use freshness::{Freshness, Now, Unjudgeable};
pub use last_exit::LastExit;
pub use moment::{Moment, Uptime};
pub use parse::MalformedHeartbeat;
pub use reader::{MAX_BYTES, UnreadableHeartbeat, read, read_in};
pub use record::{Binding, Heartbeat};
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use saying::Saying;
pub use status::Status;
pub use writer::Writer;
