//! How a text is delivered, and how long each step may take.

use std::time::Duration;

/// How a text is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent options")]
pub struct DeliveryOptions {
    /// Whether the text is typed only while the agent is idle.
    pub only_when_idle: bool,
    /// Whether Enter may be pressed again if the first one became a line feed.
    pub retry_enter: bool,
    /// Whether the text has to appear as a turn, and it does not suffice that the program keeps it for later.
    pub until_turn: bool,
    /// Whether the text is also typed into a program that reads lines and shows no prompt. Its acceptance is never known.
    pub without_prompt: bool,
    /// Whether an agent that is not ready for the first line is looked at only once.
    pub looks_once: bool,
    /// How long each step may take.
    pub timeouts: DeliveryTimeouts,
}

impl Default for DeliveryOptions {
    /// The options of a plain message.
    fn default() -> Self {
        let timeouts = DeliveryTimeouts::default();
        let looks_once = false;
        Self {
            only_when_idle: false,
            retry_enter: true,
            until_turn: false,
            without_prompt: false,
            looks_once,
            timeouts,
        }
    }
}

impl DeliveryOptions {
    /// Returns the options after waiting that long for the agent's lock. A limit on the whole wait has to hold for both
    /// waits together.
    #[must_use]
    pub fn after_waiting(self, waited: Duration) -> Self {
        let left = self.timeouts.lock.saturating_sub(waited);
        let timeouts = DeliveryTimeouts {
            ready: self.timeouts.ready.min(left),
            obstructed: self.timeouts.obstructed.min(left),
            ..self.timeouts
        };
        Self { timeouts, ..self }
    }

    /// Returns the options with which the agent's lock is held only for a moment if the agent is not ready.
    #[must_use]
    pub fn without_waiting(self) -> Self {
        Self { looks_once: true, ..self }
    }
}

/// How long each step of a delivery may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryTimeouts {
    /// Until the deliveries before this one have ended. Each of them takes its time.
    pub lock: Duration,
    /// Until there is a composer that can be typed into. A program may be starting.
    pub ready: Duration,
    /// Until a draft, a dialog or a mode is out of the way. It is shorter than `ready`, because only a person can end it.
    pub obstructed: Duration,
    /// From the paste until the composer shows it.
    pub shown: Duration,
    /// From Enter until the message is accepted.
    pub accepted: Duration,
    /// From an Enter that became a line feed until it is pressed again.
    pub retry_enter: Duration,
}

impl Default for DeliveryTimeouts {
    /// The timeouts for a person at a terminal. Programs show a paste within 50 ms and a turn within 300 ms; on a busy
    /// host it takes seconds.
    fn default() -> Self {
        Self {
            lock: Duration::from_mins(1),
            ready: Duration::from_secs(10),
            obstructed: Duration::from_secs(1),
            shown: Duration::from_secs(10),
            accepted: Duration::from_secs(10),
            retry_enter: Duration::from_millis(1500),
        }
    }
}

impl DeliveryTimeouts {
    /// Returns timeouts that wait this long for the agent to become ready, and again for it to accept the message.
    #[must_use]
    pub fn with_wait(wait: Duration) -> Self {
        let default = Self::default();
        // Enter is pressed again early enough to see its effect.
        let retry_enter = default.retry_enter.min(wait / 2);
        Self { lock: wait, ready: wait, obstructed: wait, accepted: wait, shown: wait.max(default.shown), retry_enter }
    }
}
