//! What is known of an agent at one moment.

use mosaic_heartbeat::{Heartbeat, Now};
use mosaic_process::Liveness;

/// Whether there is a session, for when no heartbeat says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// There is one.
    Present,
    /// There is none.
    Absent,
    /// Nobody asked: the heartbeat says enough.
    NotAsked,
    /// tmux could not be asked.
    Unreadable(String),
}

/// All that the verdict depends on.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// The heartbeat: there may be none, or one that cannot be read.
    pub(crate) heartbeat: Result<Option<Heartbeat>, String>,
    /// What became of the process that it is bound to; `None` if it is bound to none.
    pub(crate) liveness: Option<Result<Liveness, String>>,
    /// The agent's session.
    pub(crate) session: Session,
    /// A start is under way.
    pub(crate) starting: bool,
    /// When all this was seen.
    pub(crate) now: Now,
}
