//! Sidecars that the bash launcher left behind.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::RunDirectory;

/// A heartbeat of the bash launcher's that was written within this time still has a writer: four of
/// its default beats.
const RECENT: Duration = Duration::from_mins(1);

/// A process that still writes the heartbeat of an agent, without any lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldSidecar {
    /// Whose heartbeat.
    pub agent: AgentName,
    /// The process, if it could be told.
    pub pid: Option<Pid>,
}

/// The agents whose heartbeat has just been written in the form of the bash launcher.
pub(super) fn old_sidecars<'a>(run: &Path, agents: impl Iterator<Item = &'a AgentName>) -> Vec<OldSidecar> {
    let directory = RunDirectory::new(run.to_owned());
    let written = agents.filter(|agent| {
        let path = directory.heartbeat(agent);
        // One that cannot be read is the business of whoever reports heartbeats.
        let old = matches!(mosaic_heartbeat::read(&path), Ok(Some(beat)) if beat.binding.is_none());
        let age = || fs::metadata(&path).and_then(|file| file.modified()).ok()?.elapsed().ok();
        old && age().is_some_and(|age| age <= RECENT)
    });
    written.map(|agent| OldSidecar { agent: agent.clone(), pid: writer_of(&directory.heartbeat(agent)) }).collect()
}

/// The bash loop that has this heartbeat in its command line.
fn writer_of(heartbeat: &Path) -> Option<Pid> {
    let own = rustix::process::geteuid().as_raw();
    let name = heartbeat.file_name()?.to_str()?;
    let writes = |pid: &Pid| {
        let directory = Path::new("/proc").join(pid.to_string());
        let is_ours = fs::metadata(&directory).is_ok_and(|process| process.uid() == own);
        let words = if is_ours { fs::read(directory.join("cmdline")).unwrap_or_default() } else { Vec::new() };
        let words = String::from_utf8_lossy(&words);
        let program = words.split('\0').next().unwrap_or_default();
        program.ends_with("sh") && words.contains(&format!("/{name}"))
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| Pid::new(entry.file_name().to_str()?.parse().ok()?)).find(writes)
}
