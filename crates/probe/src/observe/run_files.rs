//! The run directory: heartbeats, and what agents say of themselves.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem::MaybeUninit;

use mosaic_domain::AgentName;
use mosaic_heartbeat::{ActivityReport, Heartbeat, RunDirectory};
use mosaic_process::FileFingerprint;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, RawDir, open};
use rustix::io::Errno;

use super::RunFiles;

/// The files that were understood, by name. A beat puts a new file in the place of the old one.
#[derive(Debug, Default)]
pub(super) struct RunMemory {
    heartbeats: HashMap<AgentName, Known<Heartbeat>>,
    activities: HashMap<AgentName, Known<ActivityReport>>,
    listing: u64,
}

#[derive(Debug)]
struct Known<T> {
    mark: FileFingerprint,
    said: T,
    /// The last listing in which it was.
    listing: u64,
}

/// What came of looking up some agents' heartbeats.
type Found = BTreeMap<AgentName, Result<Heartbeat, String>>;

impl RunMemory {
    /// The heartbeats of these agents, by their names. A beat puts a file in the place of another one, and
    /// who lists the directory at that moment may see neither.
    pub(super) fn look_up(directory: &RunDirectory, agents: &[AgentName]) -> Found {
        let read = |agent: &AgentName| match mosaic_heartbeat::read(&directory.heartbeat(agent)) {
            Ok(found) => Some((agent.clone(), Ok(found?))),
            Err(error) => Some((agent.clone(), Err(error.to_string()))),
        };
        agents.iter().filter_map(read).collect()
    }

    /// Reads every heartbeat and every report. A directory that is not there has none: no agent was
    /// started since the host is up.
    pub(super) fn look(&mut self, directory: &RunDirectory) -> Result<RunFiles, String> {
        let failed = |error: Errno| format!("cannot read {}: {}", directory.path().display(), io::Error::from(error));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let files = match open(directory.path(), flags, Mode::empty()) {
            Ok(opened) => self.read(&opened).map_err(failed)?,
            Err(Errno::NOENT) => RunFiles::default(),
            Err(error) => return Err(failed(error)),
        };
        self.heartbeats.retain(|_, known| known.listing == self.listing);
        self.activities.retain(|_, known| known.listing == self.listing);
        Ok(files)
    }

    fn read(&mut self, directory: &OwnedFd) -> rustix::io::Result<RunFiles> {
        self.listing += 1;
        let mut files = RunFiles::default();
        let mut room = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(directory, &mut room);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Some((name, (stem, kind))) =
                entry.file_name().to_str().ok().and_then(|name| Some((name, name.rsplit_once('.')?)))
            else {
                continue;
            };
            if !matches!(kind, "hb" | "state") {
                continue;
            }
            let Ok(agent) = stem.parse::<AgentName>() else { continue };
            let file = File { directory: directory.as_fd(), name, listing: self.listing };
            if kind == "hb" {
                match file
                    .look(&mut self.heartbeats, &agent, |directory, name| mosaic_heartbeat::read_in(directory, name))
                {
                    Ok(Some(heartbeat)) => drop(files.heartbeats.insert(agent, Ok(heartbeat))),
                    // Removed since the directory was listed.
                    Ok(None) => {}
                    Err(error) => drop(files.heartbeats.insert(agent, Err(error.to_string()))),
                }
            } else if let Ok(Some(report)) = file.look(&mut self.activities, &agent, |directory, name| {
                mosaic_heartbeat::read_activity_in(directory, name)
            }) {
                files.activities.insert(agent, report);
            }
        }
        self.look_for_the_unlisted(directory, &mut files);
        Ok(files)
    }

    /// A report, too, is put in the place of another, and may be missed in a listing.
    fn look_for_the_unlisted(&mut self, directory: &OwnedFd, files: &mut RunFiles) {
        let unlisted = self.activities.iter().filter(|(_, known)| known.listing != self.listing);
        for agent in unlisted.map(|(agent, _)| agent.clone()).collect::<Vec<_>>() {
            let name = format!("{agent}.state");
            let file = File { directory: directory.as_fd(), name: &name, listing: self.listing };
            let read = |directory: BorrowedFd<'_>, name: &str| mosaic_heartbeat::read_activity_in(directory, name);
            if let Ok(Some(report)) = file.look(&mut self.activities, &agent, read) {
                files.activities.insert(agent, report);
            }
        }
    }
}

/// A file that is listed.
struct File<'a> {
    directory: BorrowedFd<'a>,
    name: &'a str,
    listing: u64,
}

impl File<'_> {
    /// Reads it, unless it is the one that was understood before.
    fn look<T: Clone, E>(
        &self,
        memory: &mut HashMap<AgentName, Known<T>>,
        agent: &AgentName,
        read: impl FnOnce(BorrowedFd<'_>, &str) -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let mark = FileFingerprint::read(self.directory, self.name).ok().flatten();
        if let Some(known) = memory.get_mut(agent)
            && mark.is_some_and(|now| known.mark.still_matches(&now))
        {
            known.listing = self.listing;
            return Ok(Some(known.said.clone()));
        }
        let said = read(self.directory, self.name)?;
        if let Some((mark, said)) = mark.zip(said.as_ref()) {
            memory.insert(agent.clone(), Known { mark, said: said.clone(), listing: self.listing });
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::RunMemory;
    use mosaic_domain::AgentName;
    use mosaic_heartbeat::RunDirectory;
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    fn look(directory: &Path) -> Result<super::RunFiles, String> {
        RunMemory::default().look(&RunDirectory::new(directory.to_owned()))
    }

    #[test]
    fn a_beat_at_the_moment_of_listing_hides_no_agent() {
        const AGENTS: usize = 1000;
        // In memory, as run directories are: there a name that is replaced between two parts of a listing is in neither.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { Path::new("/tmp") };
        let root = tempfile::tempdir_in(place).unwrap();
        let agents: Vec<AgentName> = (0..AGENTS).map(|nth| format!("agent{nth}").parse().unwrap()).collect();
        let beat = |nth: usize| {
            let new = root.path().join("new");
            fs::write(&new, "ts=2026-11-20T12:00:00+00:00\npid=77\nstatus=ok\n").unwrap();
            fs::rename(&new, root.path().join(format!("agent{nth}.hb"))).unwrap();
        };
        (0..AGENTS).for_each(beat);
        let over = AtomicBool::new(false);
        let missed = thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    (0..AGENTS).for_each(beat);
                }
            });
            let directory = RunDirectory::new(root.path().to_owned());
            let missed: usize = (0..100)
                .map(|_| {
                    let mut files = RunMemory::default().look(&directory).unwrap();
                    let unlisted: Vec<AgentName> =
                        agents.iter().filter(|agent| !files.heartbeats.contains_key(*agent)).cloned().collect();
                    files.heartbeats.extend(RunMemory::look_up(&directory, &unlisted));
                    AGENTS - files.heartbeats.len()
                })
                .sum();
            over.store(true, Ordering::Relaxed);
            missed
        });
        assert_eq!(missed, 0);
    }

    #[test]
    fn every_heartbeat_is_read_and_garbage_is_named_not_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path();
        fs::write(run.join("coder0.hb"), "ts=2026-11-20T12:00:00+00:00\npid=77\nstatus=ok\n").unwrap();
        fs::write(run.join("coder1.hb"), "garbage").unwrap();
        fs::create_dir(run.join("coder2.hb")).unwrap();
        fs::write(run.join("coder0.state"), "ts=2026-11-20T12:00:00Z\nactivity=idle\n").unwrap();
        fs::write(run.join("coder1.state"), "nonsense").unwrap();
        for other in [".coder0.lock", "coder0.hb.tmp", "a b.hb", "hb", "coder3"] {
            fs::write(run.join(other), "").unwrap();
        }
        let files = look(run).unwrap();
        let read: Vec<_> =
            files.heartbeats.iter().map(|(agent, heartbeat)| (agent.as_str(), heartbeat.is_ok())).collect();
        assert_eq!(read, [("coder0", true), ("coder1", false), ("coder2", false)]);
        assert_eq!(files.activities.len(), 1);
        assert!(look(&run.join("none")).unwrap().heartbeats.is_empty());
        assert!(look(&run.join("coder3")).unwrap_err().contains("coder3"));
    }
}
