//! How long each step may take.

use std::time::Duration;

/// The deadlines of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until messages that came before have been dealt with: each of them takes its time, and does not
    /// stand still.
    pub turn: Duration,
    /// Until there is a composer that can be typed into: a program may be starting.
    pub ready: Duration,
    /// Until somebody's draft, a dialog or a mode is out of the way. Shorter: it is a person's.
    pub obstructed: Duration,
    /// From the paste until the composer shows it.
    pub shown: Duration,
    /// From Enter until the message is seen as accepted.
    pub accepted: Duration,
    /// From an Enter that has no effect until it is pressed once more.
    pub rescue: Duration,
}

impl Patience {
    /// What somebody at a terminal waits. Programs show a paste within 50 ms and a turn within 300 ms; on a
    /// host that is busy with other things it takes seconds.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            turn: Duration::from_mins(1),
            ready: Duration::from_secs(10),
            obstructed: Duration::from_secs(1),
            shown: Duration::from_secs(10),
            accepted: Duration::from_secs(10),
            rescue: Duration::from_millis(1500),
        }
    }

    /// The same, with so much for the agent to become ready and again to accept.
    #[must_use]
    pub fn waiting(wait: Duration) -> Self {
        let usual = Self::usual();
        // An Enter that was swallowed is pressed again while there is time to see what comes of it.
        let rescue = usual.rescue.min(wait / 2);
        Self { turn: wait, ready: wait, obstructed: wait, accepted: wait, shown: wait.max(usual.shown), rescue }
    }
}
