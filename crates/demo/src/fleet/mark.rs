//! How the demo's processes are told from all others.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::{PidFd, ProcRoot, monotonic};
use rustix::process::Signal;

use super::Home;

/// What every process of one demo carries in its environment, wherever it went in the process tree.
///
/// It is tmux's own variable, because that is one of the few that a tmux server hands on. Nobody
/// else has it with this value: the command by which a person looks in names the socket instead.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    proc: ProcRoot,
    value: PathBuf,
    spared: Vec<Pid>,
}

impl Mark {
    pub(crate) const VARIABLE: &str = "TMUX_TMPDIR";
    /// How long processes may take to end when asked to.
    const GRACE: Duration = Duration::from_secs(2);
    /// How long killing may take.
    const KILLING: Duration = Duration::from_secs(5);

    /// The mark of the demo in `home`; this process and `spared` are never among those that bear it.
    pub(crate) fn of(home: &Home, spared: Option<Pid>) -> Self {
        let spared = spared.into_iter().chain(Pid::new(std::process::id())).collect();
        Self { proc: ProcRoot::default(), value: home.path().to_owned(), spared }
    }

    /// Does this process bear the mark?
    pub(crate) fn is_on(&self, pid: Pid) -> bool {
        !self.spared.contains(&pid)
            && self.proc.variable(pid, Self::VARIABLE).ok().flatten().is_some_and(|value| value == self.value)
    }

    /// Ends every process that bears the mark: asks, and then kills. What is left cannot be killed.
    pub(crate) fn end_all(&self) -> Vec<Pid> {
        let asked = self.bearers();
        for (_, process) in &asked {
            // SIGHUP for shells, which take no SIGTERM; SIGCONT for what is stopped.
            let _ = [Signal::TERM, Signal::HUP, Signal::CONT].map(|signal| process.signal(signal));
        }
        wait_for(&asked, Self::GRACE);
        let deadline = monotonic() + Self::KILLING;
        loop {
            // Again and again: one that was not looked at yet may have started another.
            let left = self.bearers();
            if left.is_empty() || monotonic() > deadline {
                return left.into_iter().map(|(pid, _)| pid).collect();
            }
            for (_, process) in &left {
                let _ = process.signal(Signal::KILL);
            }
            wait_for(&left, deadline.saturating_sub(monotonic()));
        }
    }

    fn bearers(&self) -> Vec<(Pid, PidFd)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<Pid>().ok());
        pids.filter_map(|pid| self.open(pid)).collect()
    }

    /// A process by its descriptor, if it bears the mark: looked at once the descriptor is open,
    /// because the PID may be somebody else's by then.
    pub(crate) fn open(&self, pid: Pid) -> Option<(Pid, PidFd)> {
        let process = PidFd::open(pid).ok()?;
        (self.is_on(pid) && !process.has_ended().unwrap_or(true)).then_some((pid, process))
    }
}

/// Waits until all have ended, or the time is over.
pub(super) fn wait_for(processes: &[(Pid, PidFd)], limit: Duration) {
    let deadline = monotonic() + limit;
    for (_, process) in processes {
        let _ = process.wait(Some(deadline.saturating_sub(monotonic())));
    }
}
