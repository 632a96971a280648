//! What the service manager is told, where there is one.

use std::time::Duration;

use libsystemd::daemon::{NotifyState, notify, watchdog_enabled};

/// Tells it. That nobody listens is no concern of ours.
fn tell(states: &[NotifyState]) {
    if let Err(error) = notify(false, states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

/// It serves: the sockets are open, and the fleet was looked at once.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It reads its configuration again, and then is ready again.
pub(crate) fn reloading() {
    let now = mosaic_process::monotonic().as_micros();
    tell(&[NotifyState::Reloading, NotifyState::Other(format!("MONOTONIC_USEC={now}"))]);
}

/// It ends.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// It lives.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often the watchdog wants to hear that; nothing if there is none.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    // Half of the time, as sd_watchdog_enabled(3) recommends.
    watchdog_enabled(false).map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}
