//! What the scene wants done.

use mosaic_domain::ProcessIdentity;

/// One thing to do, in the order in which they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Tell it.
    Say(String),
    /// Kill this process by SIGKILL.
    Kill(ProcessIdentity),
    /// Start the victim again.
    StartAgain,
    /// The scene is over; did it go as told?
    End(bool),
}
