//! How the process before ended.

use jiff::Timestamp;
use mosaic_domain::ExitVerdict;

/// The end of an agent's process that is carried on by the heartbeats of those after it. Without it
/// the end of an agent that is restarted within a second is gone before anybody has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastExit {
    /// How it ended.
    pub verdict: ExitVerdict,
    /// When, whole seconds by the wall clock.
    pub at: Timestamp,
}
