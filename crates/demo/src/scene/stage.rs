//! How far the scene has come.

use std::time::Duration;

use mosaic_domain::ProcessIdentity;

/// A stage, and since when it is on; times are those of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Until all are up.
    Gathering { since: Duration },
    /// They are, for somebody to see.
    Showing { since: Duration },
    /// Until the victim's heartbeat says that it was killed.
    Killed { victim: ProcessIdentity, at: Duration },
    /// It is dead, and somebody starts it again or, without a manager, the demo shortly will.
    Dead { victim: ProcessIdentity, killed: Duration, since: Duration },
    /// The demo has started it again.
    StartedAgain { victim: ProcessIdentity, killed: Duration, since: Duration },
    /// Nothing more to come.
    Over,
}
