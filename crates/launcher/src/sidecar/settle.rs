//! Does the command run, or did it end at once?

use std::io;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{PidFd, ProcRoot, monotonic};

/// How long a command is watched before its start counts as one that worked.
const LONGEST: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// Waits until the process waits for something itself, at most [`LONGEST`]; `false` if it ended.
///
/// A missing program or a mistake in the command line shows while the process still computes, so
/// one that sleeps, twice in a row, has got past that. A busy machine makes this no less sure: a
/// process that waits for a processor does not count as sleeping.
pub(super) fn settles(proc: &ProcRoot, pid: Pid, fd: &PidFd) -> io::Result<bool> {
    let end = monotonic() + LONGEST;
    let mut asleep = 0;
    while asleep < 2 && monotonic() < end {
        if fd.wait(Some(LOOK_EVERY))? {
            return Ok(false);
        }
        let sleeps = proc.stat(pid)?.is_some_and(|stat| stat.state == 'S');
        asleep = if sleeps { asleep + 1 } else { 0 };
    }
    Ok(!fd.has_ended()?)
}
