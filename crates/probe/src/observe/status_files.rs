//! Reads the files in which agents' programs say what they do.
//!
//! Such a file costs less than a screen and is more exact, so a screen is read only where no file decides. A file that an
//! agent's report is newer than decides nothing: a hook may report a moment before the program writes its file.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use mosaic_domain::{AgentName, MosaicHome, Pid, RuntimeName, env_var};
use mosaic_heartbeat::Activity;
use mosaic_process::{ProcRoot, Stat};
use mosaic_roster::Roster;
use mosaic_runtimes::{ProfileLibrary, ProgramStatus, ScreenSign, StatusFile};

use super::{ObservedProcess, ObservedSign, RunFiles, TmuxServer};
use crate::snapshot::ActivitySource;

/// Larger than any status file that was seen.
const MAX_BYTES: u64 = 64 << 10;

/// An agent whose program may keep a status file.
#[derive(Clone, Debug)]
pub(super) struct ProgramToRead {
    agent: AgentName,
    runtime: RuntimeName,
    /// The pane's process and, first, the one in the foreground of its terminal.
    candidates: Vec<Pid>,
}

/// The cache between observations.
#[derive(Debug, Default)]
pub(super) struct StatusFilesCache {
    paths: HashMap<Pid, CachedPath>,
}

/// The path of a process's status file. It stays the same until the process executes another program.
#[derive(Debug)]
struct CachedPath {
    start_ticks: u64,
    environment_at: (u64, u64),
    path: Option<PathBuf>,
}

/// The living programs in the panes of the roster's agents.
pub(super) fn programs_to_read(
    roster: &Roster,
    server: &TmuxServer,
    processes: Option<&BTreeMap<Pid, ObservedProcess>>,
) -> Vec<ProgramToRead> {
    let agents = roster.agents.iter().filter_map(|agent| {
        let pid = server.sessions.get(agent.name.as_str()).filter(|pane| !pane.dead)?.pid?;
        let stat = processes?.get(&pid)?.stat.as_ref().ok()?.as_ref()?;
        let leader = u32::try_from(stat.foreground_group).ok().and_then(Pid::new).filter(|leader| *leader != pid);
        let candidates = leader.into_iter().chain([pid]).collect();
        Some(ProgramToRead { agent: agent.name.clone(), runtime: roster.runtime_of(agent), candidates })
    });
    agents.collect()
}

impl StatusFilesCache {
    /// Reads the status files of these programs.
    pub(super) fn read(&mut self, home: &MosaicHome, programs: &[ProgramToRead]) -> BTreeMap<AgentName, ProgramStatus> {
        let library = ProfileLibrary::new(home);
        let mut files: BTreeMap<&RuntimeName, Option<Arc<StatusFile>>> = BTreeMap::new();
        let proc = ProcRoot::default();
        let mut previous = std::mem::take(&mut self.paths);
        let statuses = programs.iter().filter_map(|program| {
            let file = files.entry(&program.runtime).or_insert_with(|| {
                // An invalid profile is reported when a message is sent.
                library.profile(&program.runtime).ok().and_then(|profile| profile.status_file).map(Arc::new)
            });
            let file = file.clone()?;
            program.candidates.iter().find_map(|pid| {
                let stat = proc.stat(*pid).ok().flatten()?;
                let cached = previous.remove(pid).filter(|cached| cached.is_current(&stat));
                let cached = cached.unwrap_or_else(|| CachedPath::find(&file, &proc, *pid, &stat));
                let text = cached.path.as_ref().and_then(|path| mosaic_regular_file::read(path, MAX_BYTES).ok());
                self.paths.insert(*pid, cached);
                Some((program.agent.clone(), file.parse(&text?, stat.start_ticks)?))
            })
        });
        statuses.collect()
    }
}

impl CachedPath {
    fn find(file: &StatusFile, proc: &ProcRoot, pid: Pid, stat: &Stat) -> Self {
        // The process of another user keeps its environment to itself.
        let variables = proc.variables(pid, [file.variable.as_str(), env_var::HOME]);
        let [configuration, home] = variables.unwrap_or_default();
        let path = file.path(pid, configuration, home);
        Self { start_ticks: stat.start_ticks, environment_at: stat.environment_at, path }
    }

    fn is_current(&self, stat: &Stat) -> bool {
        (self.start_ticks, self.environment_at) == (stat.start_ticks, stat.environment_at)
    }
}

/// What the status files decide, and how.
pub(super) struct StatusSigns {
    /// The signs of the agents whose screens need not be read.
    pub(super) decided: BTreeMap<AgentName, ObservedSign>,
    /// The signs that count unless a screen tells more: a dialog is open that the file has no name for.
    pub(super) provisional: BTreeMap<AgentName, ObservedSign>,
}

/// Decides which status files count beside the agents' reports.
pub(super) fn status_signs(statuses: BTreeMap<AgentName, ProgramStatus>, files: Option<&RunFiles>) -> StatusSigns {
    let mut signs = StatusSigns { decided: BTreeMap::new(), provisional: BTreeMap::new() };
    for (agent, status) in statuses {
        let report = files.and_then(|files| files.activities.get(&agent));
        let reported = report.map(|report| report.activity);
        // Both have milliseconds, by the same clock.
        let is_newer = report.is_none_or(|report| status.since > report.since.as_millisecond());
        let target = match (&status.sign, reported) {
            (ScreenSign::Dialog(_), Some(Activity::Waiting))
            | (ScreenSign::Busy, Some(Activity::Working))
            | (ScreenSign::Ready, Some(Activity::Idle)) => &mut signs.decided,
            _ if !is_newer => continue,
            (ScreenSign::Dialog(_), _) if !status.is_named => &mut signs.provisional,
            _ => &mut signs.decided,
        };
        let since = status.since.div_euclid(1000);
        target.insert(agent, ObservedSign { sign: status.sign, since, source: ActivitySource::StatusFile });
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::status_signs;
    use crate::observe::RunFiles;
    use mosaic_domain::AgentName;
    use mosaic_runtimes::{ProgramStatus, ScreenSign};
    use std::collections::BTreeMap;

    /// `decided`, `provisional`, or `-` if the screen is read as if there were no file.
    fn standing(sign: &ScreenSign, is_named: bool, since: i64, reported: Option<&str>) -> &'static str {
        let agent: AgentName = "a".parse().unwrap();
        let report =
            reported.map(|activity| format!("ts=2026-12-01T00:00:10Z\nactivity={activity}\n").parse().unwrap());
        let files = RunFiles {
            activities: report.into_iter().map(|report| (agent.clone(), report)).collect(),
            ..RunFiles::default()
        };
        let since = 1_796_083_200_000 + since;
        let status = ProgramStatus { sign: sign.clone(), is_named, since };
        let signs = status_signs(BTreeMap::from([(agent, status)]), Some(&files));
        match (signs.decided.len(), signs.provisional.len()) {
            (1, 0) => "decided",
            (0, 1) => "provisional",
            _ => "-",
        }
    }

    #[test]
    fn a_status_file_counts_unless_the_report_is_newer() {
        let dialog = ScreenSign::Dialog("permission".to_owned());
        let table = [
            (&ScreenSign::Busy, true, 1, None, "decided"),
            (&ScreenSign::Ready, true, 1, None, "decided"),
            (&dialog, true, 1, None, "decided"),
            (&dialog, false, 1, None, "provisional"),
            // They agree, whichever came first.
            (&ScreenSign::Busy, true, 1, Some("working"), "decided"),
            (&ScreenSign::Ready, true, 1, Some("idle"), "decided"),
            (&dialog, false, 1, Some("waiting"), "decided"),
            // The report came before the program wrote its file.
            (&ScreenSign::Ready, true, 9_999, Some("working"), "-"),
            (&ScreenSign::Busy, true, 10_000, Some("idle"), "-"),
            (&ScreenSign::Busy, true, 10_000, Some("waiting"), "-"),
            (&dialog, true, 10_000, Some("working"), "-"),
            // A person has interrupted the turn, or has answered.
            (&ScreenSign::Ready, true, 10_001, Some("working"), "decided"),
            (&ScreenSign::Busy, true, 10_001, Some("waiting"), "decided"),
            (&dialog, true, 11_000, Some("idle"), "decided"),
            (&dialog, false, 11_000, Some("idle"), "provisional"),
        ];
        for (sign, is_named, since, reported, expected) in table {
            assert_eq!(standing(sign, is_named, since, reported), expected, "{sign:?} {is_named} {since} {reported:?}");
        }
    }
}
