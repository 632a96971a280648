//! Ends the agent's own process, on request.

use std::io;
use std::time::Duration;

use mosaic_process::{PidFd, monotonic};
use rustix::process::Signal;

use super::remainder::ask_to_end;
use super::signals::Wish;
use super::watch::{Event, Watch};

/// How long the agent may take to end when it is asked to. With what the rest of its group gets
/// this stays below the unit's `TimeoutStopSec`.
const GRACE: Duration = Duration::from_secs(8);
/// How long a killed process may take to be gone.
const KILLING: Duration = Duration::from_secs(3);

/// Asks the pane process to end, waits, and kills it; at the second SIGTERM at once. Says whether
/// the request was urgent.
pub(super) fn end_pane_process(pane: &PidFd, watch: &Watch) -> io::Result<Urgency> {
    if pane.has_ended()? {
        return Ok(Urgency::Patient);
    }
    ask_to_end(pane);
    let deadline = monotonic() + GRACE;
    let mut urgency = Urgency::Patient;
    loop {
        let left = deadline.saturating_sub(monotonic());
        if pane.has_ended()? {
            return Ok(urgency);
        }
        if left.is_zero() || urgency == Urgency::AtOnce {
            // Of an agent that is somebody else's process (sudo) nothing more can be done.
            let _ = pane.signal(Signal::KILL);
            pane.wait(Some(KILLING))?;
            return Ok(urgency);
        }
        if watch.wait_for_end(left)? == Event::Signal && watch.signals.next()? == Some(Wish::Stop) {
            urgency = Urgency::AtOnce;
        }
    }
}

/// Asks a process that nobody watches to end, waits, and kills it.
pub(crate) fn end_process(process: &PidFd) -> io::Result<()> {
    ask_to_end(process);
    if !process.wait(Some(GRACE))? {
        process.signal(Signal::KILL)?;
        process.wait(Some(KILLING))?;
    }
    Ok(())
}

/// May the agent take its time?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Patient,
    AtOnce,
}
