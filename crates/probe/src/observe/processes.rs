//! The processes of the panes, all at once, and what is remembered of them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::thread;

use mosaic_domain::Pid;
use mosaic_process::CgroupMounts;
use rustix::process::{Resource, getrlimit};

use super::ProcessSeen;
use super::eye::{Eye, Known};

/// Looks at processes, and remembers what of each cannot change.
#[derive(Debug, Default)]
pub(super) struct ProcessMemory {
    /// Of the look before.
    before: Vec<(Pid, Known)>,
    /// Of this one.
    seen: Vec<(Pid, Known)>,
}

impl ProcessMemory {
    /// Another look begins: whom nobody asks about in it is forgotten after it.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.seen);
        self.before.sort_unstable_by_key(|(pid, _)| *pid);
    }

    /// Looks at all of them. `/proc` is memory, so what it costs is computing, which is shared out.
    /// `sidecars` are in the agents' groups too, and ours: where processes are summed up they are left out.
    /// Who looks but once keeps no file open.
    pub(super) fn look(
        &mut self,
        pids: &BTreeSet<Pid>,
        sidecars: &BTreeSet<Pid>,
        once: bool,
    ) -> Result<BTreeMap<Pid, ProcessSeen>, String> {
        /// Fewer are looked at sooner than a thread is started.
        const WORTH_A_THREAD: usize = 16;
        let mounts = CgroupMounts::read().map_err(|error| format!("/proc: {error}"))?;
        let room = if once { 0 } else { (room_for_open_files() / 2).saturating_sub(self.seen.len()) };
        let mut asked: Vec<(Pid, Known)> = pids.iter().map(|pid| (*pid, self.known(*pid))).collect();
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(pids.len() / WORTH_A_THREAD).max(1);
        let share = asked.len().div_ceil(workers).max(1);
        let look = |nth: usize, asked: &mut [(Pid, Known)]| {
            let mut eye = Eye::new(&mounts, sidecars, room.saturating_sub(nth * share));
            asked.iter_mut().map(|(pid, known)| (*pid, eye.look(*pid, known))).collect::<Vec<_>>()
        };
        let shares: Result<Vec<_>, String> = thread::scope(|scope| {
            let look = &look;
            let mut chunks = asked.chunks_mut(share).enumerate();
            let mine = chunks.next();
            let looks: Vec<_> = chunks.map(|(nth, asked)| scope.spawn(move || look(nth, asked))).collect();
            let mine = mine.map(|(nth, asked)| look(nth, asked)).unwrap_or_default();
            let others = looks.into_iter().map(|look| look.join().map_err(|_| "a look at /proc failed".to_owned()));
            std::iter::once(Ok(mine)).chain(others).collect()
        });
        self.seen.append(&mut asked);
        Ok(shares?.into_iter().flatten().collect())
    }

    fn known(&mut self, pid: Pid) -> Known {
        let found = self.before.binary_search_by_key(&pid, |(pid, _)| *pid);
        found.ok().and_then(|at| self.before.get_mut(at)).map(|(_, known)| std::mem::take(known)).unwrap_or_default()
    }
}

/// How many files may be kept open: what is beyond it would be missing somewhere else.
fn room_for_open_files() -> usize {
    const FOR_ALL_ELSE: u64 = 256;
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(allowed.saturating_sub(FOR_ALL_ELSE)).unwrap_or(usize::MAX)
}
