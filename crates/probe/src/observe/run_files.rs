//! The run directory: heartbeats and activity reports.

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

/// The parsed files by agent. Every heartbeat replaces the file, so an unchanged mark means unchanged content.
#[derive(Debug, Default)]
pub(super) struct RunFilesCache {
    heartbeats: HashMap<AgentName, CacheEntry<Heartbeat>>,
    activities: HashMap<AgentName, CacheEntry<ActivityReport>>,
    listing: u64,
}

#[derive(Debug)]
struct CacheEntry<T> {
    mark: FileFingerprint,
    value: T,
    /// The number of the last listing that contained the file.
    listing: u64,
}

/// The heartbeats of some agents, or why one could not be parsed.
type Heartbeats = BTreeMap<AgentName, Result<Heartbeat, String>>;

/// Reads the heartbeats of these agents by name. A new heartbeat replaces the file, and a listing of the directory at
/// that moment may contain neither the old nor the new one.
pub(super) fn read_heartbeats(directory: &RunDirectory, agents: &[AgentName]) -> Heartbeats {
    let read = |agent: &AgentName| match mosaic_heartbeat::read(&directory.heartbeat(agent)) {
        Ok(found) => Some((agent.clone(), Ok(found?))),
        Err(error) => Some((agent.clone(), Err(error.to_string()))),
    };
    agents.iter().filter_map(read).collect()
}

impl RunFilesCache {
    /// Reads all heartbeats and reports. A missing directory has none: no agent was started since boot.
    pub(super) fn read(&mut self, directory: &RunDirectory) -> Result<RunFiles, String> {
        let failed = |error: Errno| format!("cannot read {}: {}", directory.path().display(), io::Error::from(error));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let files = match open(directory.path(), flags, Mode::empty()) {
            Ok(opened) => {
                let files = self.read_listed(&opened).map_err(failed)?;
                RunFiles { write_fault: directory.write_fault(), ..files }
            }
            Err(Errno::NOENT) => RunFiles::default(),
            Err(error) => return Err(failed(error)),
        };
        self.heartbeats.retain(|_, entry| entry.listing == self.listing);
        self.activities.retain(|_, entry| entry.listing == self.listing);
        Ok(files)
    }

    fn read_listed(&mut self, directory: &OwnedFd) -> rustix::io::Result<RunFiles> {
        self.listing += 1;
        let mut files = RunFiles::default();
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut entries = RawDir::new(directory, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Some((name, (stem, extension))) =
                entry.file_name().to_str().ok().and_then(|name| Some((name, name.rsplit_once('.')?)))
            else {
                continue;
            };
            if !matches!(extension, "hb" | "state") {
                continue;
            }
            let Ok(agent) = stem.parse::<AgentName>() else { continue };
            let file = File { directory: directory.as_fd(), name, listing: self.listing };
            if extension == "hb" {
                match file
                    .read(&mut self.heartbeats, &agent, |directory, name| mosaic_heartbeat::read_in(directory, name))
                {
                    Ok(Some(heartbeat)) => drop(files.heartbeats.insert(agent, Ok(heartbeat))),
                    // The file was removed after the directory was listed.
                    Ok(None) => {}
                    Err(error) => drop(files.heartbeats.insert(agent, Err(error.to_string()))),
                }
            } else if let Ok(Some(report)) = file.read(&mut self.activities, &agent, |directory, name| {
                mosaic_heartbeat::read_activity_in(directory, name)
            }) {
                files.activities.insert(agent, report);
            }
        }
        self.read_unlisted_reports(directory, &mut files);
        Ok(files)
    }

    /// Reads known reports that the listing did not contain: a file that is replaced during the listing may be missed.
    fn read_unlisted_reports(&mut self, directory: &OwnedFd, files: &mut RunFiles) {
        let unlisted = self.activities.iter().filter(|(_, entry)| entry.listing != self.listing);
        for agent in unlisted.map(|(agent, _)| agent.clone()).collect::<Vec<_>>() {
            let name = format!("{agent}.state");
            let file = File { directory: directory.as_fd(), name: &name, listing: self.listing };
            let read = |directory: BorrowedFd<'_>, name: &str| mosaic_heartbeat::read_activity_in(directory, name);
            if let Ok(Some(report)) = file.read(&mut self.activities, &agent, read) {
                files.activities.insert(agent, report);
            }
        }
    }
}

/// A file in the run directory.
struct File<'a> {
    directory: BorrowedFd<'a>,
    name: &'a str,
    listing: u64,
}

impl File<'_> {
    /// Reads the file, unless it is unchanged since it was parsed.
    fn read<T: Clone, E>(
        &self,
        cache: &mut HashMap<AgentName, CacheEntry<T>>,
        agent: &AgentName,
        parse: impl FnOnce(BorrowedFd<'_>, &str) -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let mark = FileFingerprint::read(self.directory, self.name).ok().flatten();
        if let Some(entry) = cache.get_mut(agent)
            && mark.is_some_and(|now| entry.mark.still_matches(&now))
        {
            entry.listing = self.listing;
            return Ok(Some(entry.value.clone()));
        }
        let value = parse(self.directory, self.name)?;
        if let Some((mark, value)) = mark.zip(value.as_ref()) {
            cache.insert(agent.clone(), CacheEntry { mark, value: value.clone(), listing: self.listing });
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{RunFilesCache, read_heartbeats};
    use mosaic_domain::AgentName;
    use mosaic_heartbeat::RunDirectory;
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    fn read_directory(directory: &Path) -> Result<super::RunFiles, String> {
        RunFilesCache::default().read(&RunDirectory::new(directory.to_owned()))
    }

    #[test]
    fn a_heartbeat_that_is_replaced_during_the_listing_is_not_missed() {
        const AGENTS: usize = 1000;
        // On a tmpfs, as run directories usually are: there a listing can miss a name that is replaced meanwhile.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory } else { Path::new("/tmp") };
        let root = tempfile::tempdir_in(parent).unwrap();
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
                    let mut files = RunFilesCache::default().read(&directory).unwrap();
                    let unlisted: Vec<AgentName> =
                        agents.iter().filter(|agent| !files.heartbeats.contains_key(*agent)).cloned().collect();
                    files.heartbeats.extend(read_heartbeats(&directory, &unlisted));
                    AGENTS - files.heartbeats.len()
                })
                .sum();
            over.store(true, Ordering::Relaxed);
            missed
        });
        assert_eq!(missed, 0);
    }

    #[test]
    fn all_heartbeats_are_read_and_invalid_ones_are_errors() {
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
        let files = read_directory(run).unwrap();
        let read: Vec<_> =
            files.heartbeats.iter().map(|(agent, heartbeat)| (agent.as_str(), heartbeat.is_ok())).collect();
        assert_eq!(read, [("coder0", true), ("coder1", false), ("coder2", false)]);
        assert_eq!(files.activities.len(), 1);
        assert!(read_directory(&run.join("none")).unwrap().heartbeats.is_empty());
        assert!(read_directory(&run.join("coder3")).unwrap_err().contains("coder3"));
    }
}
