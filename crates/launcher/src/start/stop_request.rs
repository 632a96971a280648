//! A request to stop that comes while a start is under way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, raise};

use crate::sidecar::Signals;

/// Was SIGTERM, SIGINT or SIGHUP sent since the agent runs?
///
/// What is left of a start then takes milliseconds and is finished in any case, or an agent would
/// stay that nobody watches. The signals are caught, not blocked: tmux, and through it every agent of a server that
/// we start, would inherit the block.
#[derive(Debug)]
pub(super) struct StopRequest(Arc<AtomicBool>);

impl StopRequest {
    /// Catches the signals from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            signal_hook::flag::register(signal as i32, Arc::clone(&asked))?;
        }
        Ok(Self(asked))
    }

    /// Leaves the request to the sidecar, which this process executes next: blocked signals stay
    /// blocked over that, and pending.
    pub(super) fn hand_on(&self) -> io::Result<()> {
        Signals::block()?;
        if self.0.load(Ordering::Relaxed) { Ok(raise(Signal::SIGTERM)?) } else { Ok(()) }
    }
}
