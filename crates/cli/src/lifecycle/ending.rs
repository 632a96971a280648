//! Ends an agent that no unit runs.

use std::io;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, LockRole, RunDirectory};
use mosaic_process::{PidFd, monotonic};
use mosaic_tmux::Server;
use rustix::process::Signal;

/// How long a process that nobody watches may take to end when it is asked to: as long as its sidecar
/// would give it.
const GRACE: Duration = Duration::from_secs(8);
/// How long a killed process may take to be gone.
const KILLING: Duration = Duration::from_secs(3);

/// Ends an agent: by its sidecar, which does it in order and writes the last heartbeat; without one,
/// its processes and its session.
///
/// # Errors
/// It has not ended when `limit` is over, or cannot be reached; the text says which.
pub(super) fn end(
    agent: &AgentName,
    server: &Server,
    run_directory: &RunDirectory,
    limit: Duration,
) -> Result<(), String> {
    let deadline = monotonic() + limit;
    let failed = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let lock = AgentLock::open_existing(run_directory, agent).map_err(failed("cannot open its lock"))?;
    if let Some(lock) = lock {
        end_watched(&lock, deadline).map_err(failed("cannot end it"))?;
    }
    for pane in server.agent_panes(agent).map_err(|error| error.to_string())?.unwrap_or_default() {
        if let Ok(process) = PidFd::open(pane.pid) {
            end_process(&process, deadline).map_err(failed("cannot end its process"))?;
        }
    }
    server.kill_session(agent).map_err(|error| error.to_string())
}

fn end_watched(lock: &AgentLock, deadline: Duration) -> io::Result<()> {
    let Some(pid) = lock.holder(LockRole::Sidecar)? else { return Ok(()) };
    let Ok(sidecar) = PidFd::open(pid) else { return Ok(()) };
    // By its descriptor now, it is still who holds the lock, or it is gone.
    if lock.holder(LockRole::Sidecar)? != Some(pid) {
        return Ok(());
    }
    // One that was stopped would not hear of the first.
    sidecar.signal(Signal::TERM)?;
    sidecar.signal(Signal::CONT)?;
    if sidecar.wait(Some(deadline.saturating_sub(monotonic())))? {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("process {pid}, which watches it, has not ended")))
}

/// SIGTERM, and SIGHUP for shells, which take no SIGTERM.
fn end_process(process: &PidFd, deadline: Duration) -> io::Result<()> {
    for signal in [Signal::TERM, Signal::HUP, Signal::CONT] {
        process.signal(signal)?;
    }
    if !process.wait(Some(GRACE.min(deadline.saturating_sub(monotonic()))))? {
        process.signal(Signal::KILL)?;
        process.wait(Some(KILLING))?;
    }
    Ok(())
}
