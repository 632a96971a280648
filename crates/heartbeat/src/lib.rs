//! The heartbeat of an agent, `<agent>.hb` in the run directory: its format, its file, its lock and its age.
//!
//! [`Heartbeat`] is the record, [`RunDirectory`] finds it, [`HeartbeatFile`] replaces it atomically, [`read`]
//! reads it back, and [`Freshness`] judges its age. [`AgentLock`] is the lock file beside it, and
//! [`ActivityReport`] is what the agent reports about itself. [`StopRecord`] says that an agent was stopped on
//! request. Whether the process that a heartbeat names is
//! alive is a question for `mosaic-process`.
//!
//! [`EndLog`] is the file of an agent's ends, one [`EndRecord`] each, and [`RestartHistory`] says what they mean together.

mod activity_report;
mod agent_lock;
mod end_log;
mod end_record;
mod freshness;
mod heartbeat;
mod heartbeat_file;
mod key_value_lines;
mod restart_history;
mod run_directory;
mod stop_record;

pub use activity_report::{
    Activity, ActivityReport, ActivityUpdate, ClockReading, Uptime, read_activity, read_activity_in, write_activity,
};
pub use agent_lock::{AgentLock, LockRole};
pub use end_log::EndLog;
pub use end_record::{EndRecord, EndVerdict, LogEntry, MAX_LINES};
pub use freshness::{Freshness, LATE_AFTER_INTERVALS, Now, UnknownAge};
pub use heartbeat::{Binding, Heartbeat, LastExit, Status};
pub use heartbeat_file::{HeartbeatFile, MAX_BYTES, UnreadableHeartbeat, read, read_in};
pub use key_value_lines::MalformedHeartbeat;
pub use restart_history::{FREE_RESTARTS, LONG_RUN, MAX_DELAY, RestartHistory};
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use stop_record::{StopRecord, read_stop_records};
