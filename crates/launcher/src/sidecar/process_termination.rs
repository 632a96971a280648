//! Ending processes: the pane process on request, and what an agent left running in its unit's control group.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{Cgroup, PidFd, monotonic};
use rustix::process::Signal;

use super::event_wait::{Event, EventSources, SignalRequest};

/// How long the agent may take to end after it was asked to. Together with [`CGROUP_GRACE`] this is below the unit's
/// `TimeoutStopSec`.
const AGENT_GRACE: Duration = Duration::from_secs(8);
/// How long the other processes of the control group may take to end after they were asked to.
pub(super) const CGROUP_GRACE: Duration = Duration::from_secs(2);
/// How long a killed process may take to be gone. A process in an uninterruptible wait ends only after it.
const KILL_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the agent's processes get their grace periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Graceful,
    Immediate,
}

/// Asks the pane process to end, waits, and kills it; a second SIGTERM to the sidecar skips the wait. Returns whether
/// that happened.
pub(super) fn end_pane_process(pane: &PidFd, events: &EventSources) -> io::Result<Urgency> {
    if pane.has_ended()? {
        return Ok(Urgency::Graceful);
    }
    ask_to_end(pane);
    let deadline = monotonic() + AGENT_GRACE;
    let mut urgency = Urgency::Graceful;
    loop {
        let left = deadline.saturating_sub(monotonic());
        if pane.has_ended()? {
            return Ok(urgency);
        }
        if left.is_zero() || urgency == Urgency::Immediate {
            // The kernel denies this for a process of another user (sudo), and nothing else can be done about it.
            let _ = pane.signal(Signal::KILL);
            pane.wait(Some(KILL_TIMEOUT))?;
            return Ok(urgency);
        }
        if events.wait_for_end(left)? == Event::Signal
            && matches!(events.signals.next_request()?, Some(SignalRequest::Stop { .. }))
        {
            urgency = Urgency::Immediate;
        }
    }
}

/// Asks a process without a sidecar to end, waits, and kills it.
pub(crate) fn end_process(process: &PidFd) -> io::Result<()> {
    ask_to_end(process);
    if !process.wait(Some(AGENT_GRACE))? {
        process.signal(Signal::KILL)?;
        process.wait(Some(KILL_TIMEOUT))?;
    }
    Ok(())
}

/// Ends every other process in the control group: asks them to end, waits for `grace`, then kills until none is left.
/// That reaches processes that called setsid and ignore SIGHUP too, because a process cannot leave the group.
pub(super) fn end_cgroup(cgroup: &Cgroup, grace: Duration) -> io::Result<()> {
    let processes = other_processes(cgroup)?;
    if processes.is_empty() {
        return Ok(());
    }
    processes.values().for_each(ask_to_end);
    wait_for(&processes, grace)?;
    let deadline = monotonic() + KILL_TIMEOUT;
    loop {
        let processes = other_processes(cgroup)?;
        if processes.is_empty() || monotonic() > deadline {
            return Ok(());
        }
        for process in processes.values() {
            // The kernel denies this for processes of another user (the agent ran sudo), which then stay.
            let _ = process.signal(Signal::KILL);
        }
        wait_for(&processes, deadline.saturating_sub(monotonic()))?;
    }
}

/// Sends SIGTERM; SIGHUP, because shells ignore SIGTERM; and SIGCONT, because a stopped process would not handle either.
/// Errors are ignored: the process may belong to another user.
fn ask_to_end(process: &PidFd) {
    for signal in [Signal::TERM, Signal::HUP, Signal::CONT] {
        let _ = process.signal(signal);
    }
}

/// The running processes in the control group other than this one.
pub(super) fn other_processes(cgroup: &Cgroup) -> io::Result<BTreeMap<Pid, PidFd>> {
    let own_pid = std::process::id();
    let pids = cgroup.processes()?.into_iter().filter(|pid| pid.get() != own_pid);
    // A process that has ended cannot be opened any more, and a zombie has ended.
    let open = |pid| PidFd::open(pid).ok().filter(|fd| !fd.has_ended().unwrap_or(true)).map(|fd| (pid, fd));
    Ok(pids.filter_map(open).collect())
}

fn wait_for(processes: &BTreeMap<Pid, PidFd>, timeout: Duration) -> io::Result<()> {
    let deadline = monotonic() + timeout;
    for process in processes.values() {
        process.wait(Some(deadline.saturating_sub(monotonic())))?;
    }
    Ok(())
}
