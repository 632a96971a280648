//! Ends what an agent's process left running in the unit's control group.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{Cgroup, PidFd, monotonic};
use rustix::process::Signal;

/// How long the rest may take to end by itself.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long killing may take: a process in an uninterruptible wait ends when that is over.
const KILLING: Duration = Duration::from_secs(3);

/// Ends every process in the group but this one: asks, waits `grace`, then kills until none is
/// left. It asks also those that called setsid and ignore SIGHUP; the group lets nobody out.
pub(super) fn end(group: &Cgroup, grace: Duration) -> io::Result<()> {
    let rest = others(group)?;
    if rest.is_empty() {
        return Ok(());
    }
    rest.values().for_each(ask_to_end);
    wait_for(&rest, grace)?;
    let deadline = monotonic() + KILLING;
    loop {
        let rest = others(group)?;
        if rest.is_empty() || monotonic() > deadline {
            return Ok(());
        }
        for process in rest.values() {
            // One that belongs to somebody else (the agent ran sudo) we may not kill: then it stays,
            // and with it nothing of the agent's own.
            let _ = process.signal(Signal::KILL);
        }
        wait_for(&rest, deadline.saturating_sub(monotonic()))?;
    }
}

/// SIGTERM, and SIGHUP for shells, which take no SIGTERM; SIGCONT, or a stopped process would not
/// hear of either. A process of somebody else's cannot be asked.
pub(super) fn ask_to_end(process: &PidFd) {
    for signal in [Signal::TERM, Signal::HUP, Signal::CONT] {
        let _ = process.signal(signal);
    }
}

/// Is there anybody else in the group?
pub(super) fn others(group: &Cgroup) -> io::Result<BTreeMap<Pid, PidFd>> {
    let me = std::process::id();
    let members = group.members()?.into_iter().filter(|pid| pid.get() != me);
    // One that ended meanwhile has no descriptor any more, one that is only a zombie has ended.
    let open = |pid| PidFd::open(pid).ok().filter(|fd| !fd.has_ended().unwrap_or(true)).map(|fd| (pid, fd));
    Ok(members.filter_map(open).collect())
}

fn wait_for(processes: &BTreeMap<Pid, PidFd>, limit: Duration) -> io::Result<()> {
    let deadline = monotonic() + limit;
    for process in processes.values() {
        process.wait(Some(deadline.saturating_sub(monotonic())))?;
    }
    Ok(())
}
