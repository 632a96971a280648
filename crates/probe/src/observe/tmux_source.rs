//! Reads the fleet's tmux server: its sessions, and the screens that show what agents do not report.
//!
//! Some states only show on the screen: a program that asks for a login before it can report, or one that was
//! answered or interrupted and does not report that. A screen is read only if it can tell more than the agent's
//! report, which excludes agents that work and print, and agents that are idle or wait and print nothing. The result
//! is valid until the agent prints again.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, MosaicHome, Pid, RuntimeName, SocketName};
use mosaic_heartbeat::{Activity, ActivityReport};
use mosaic_process::ProcRoot;
use mosaic_roster::Roster;
use mosaic_runtimes::{Profile, ProfileLibrary, RunningVersion, Screen, ScreenSign};
use mosaic_tmux::{PaneId, Server, ServerRecord};

use super::{ObservedProcess, ObservedSocket, RunFiles, TmuxServer};
use crate::snapshot::ActivitySource;

/// How to reach the tmux server.
#[derive(Debug)]
pub(super) struct TmuxQuery {
    /// The `PATH` on which tmux is searched.
    pub(super) search_path: Option<OsString>,
    pub(super) socket: SocketName,
    /// The directory with the record of the server.
    pub(super) run_directory: PathBuf,
    /// The time limit of each call.
    pub(super) limit: Duration,
}

impl TmuxQuery {
    fn server(&self) -> Result<Server, String> {
        let program = mosaic_tmux::find_tmux(self.search_path.as_deref()).map_err(|error| error.to_string())?;
        Ok(Server::of_fleet(program, self.socket.clone(), &self.run_directory).with_timeout(self.limit))
    }

    /// Where the socket of the server is. This reads the record of the server, and does not query the server.
    pub(super) fn socket(&self) -> ObservedSocket {
        let program = PathBuf::new();
        let server = Server::of_fleet(program.clone(), self.socket.clone(), &self.run_directory);
        let record = ServerRecord::of_running_server(&self.run_directory, &self.socket, &ProcRoot::default());
        ObservedSocket {
            path: server.socket_path(),
            recorded: record.map(|record| record.process.pid),
            default_path: Server::new(program, self.socket.clone()).socket_path(),
        }
    }

    /// Reads the sessions; `None` if the socket has no server.
    pub(super) fn read_sessions(&self) -> Result<Option<TmuxServer>, String> {
        let panes = self.server()?.list_sessions().map_err(|error| error.to_string())?;
        Ok(panes.map(|panes| TmuxServer {
            pid: panes.server,
            started: panes.started,
            sessions: panes.sessions.into_iter().map(|pane| (pane.session.clone(), pane)).collect(),
        }))
    }
}

/// Which screens to read.
#[derive(Debug)]
pub(super) struct ScreenQuery {
    pub(super) tmux: TmuxQuery,
    pub(super) home: MosaicHome,
    pub(super) agents: Vec<ScreenToRead>,
}

/// An agent whose screen may tell more than its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScreenToRead {
    agent: AgentName,
    runtime: RuntimeName,
    pane: PaneId,
    pid: Pid,
    /// When the window last printed output, in seconds since the epoch.
    last_output: i64,
    /// The program in the foreground, if it is known.
    program: Option<String>,
}

/// The interpreters under whose names programs that are scripts run.
const INTERPRETERS: [&str; 4] = ["node", "MainThread", "bun", "python"];

/// The cache between observations.
#[derive(Debug, Default)]
pub(super) struct ScreenCache {
    /// The profiles, read anew at each observation, so that a changed profile of the site takes effect.
    profiles: BTreeMap<RuntimeName, Option<Arc<Profile>>>,
    screens: HashMap<AgentName, CacheEntry>,
}

#[derive(Clone, Debug)]
struct CacheEntry {
    agent: ScreenToRead,
    /// The version of the program, if the profile depends on it.
    version: Option<RunningVersion>,
    sign: Option<ScreenSign>,
    /// Since when the screen is known to show the sign, in seconds since the epoch.
    since: i64,
    /// When the screen was read, in seconds since the epoch.
    read_at: i64,
}

/// The sign that a screen or a status file shows, and since when at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservedSign {
    /// The sign.
    pub(crate) sign: ScreenSign,
    /// When the screen first showed the sign, in seconds since the epoch: its last output, or that of the first
    /// observation in a row that saw the same sign.
    pub(crate) since: i64,
    /// Where the sign was found: on the screen, or in the program's status file.
    pub(crate) source: ActivitySource,
}

/// The agents whose screens have to be read: no status file decides what they do.
pub(super) fn screens_to_read(
    roster: &Roster,
    server: &TmuxServer,
    files: Option<&RunFiles>,
    processes: Option<&BTreeMap<Pid, ObservedProcess>>,
    decided: &BTreeMap<AgentName, ObservedSign>,
    now: Timestamp,
) -> Vec<ScreenToRead> {
    let undecided = roster.agents.iter().filter(|agent| !decided.contains_key(&agent.name));
    let agents = undecided.filter_map(|agent| {
        let pane = server.sessions.get(agent.name.as_str()).filter(|pane| !pane.dead)?;
        let pid = pane.pid?;
        let report = files.and_then(|files| files.activities.get(&agent.name));
        can_tell_more(report, pane.last_output, now).then(|| ScreenToRead {
            agent: agent.name.clone(),
            runtime: roster.runtime_of(agent),
            pane: pane.id,
            pid,
            last_output: pane.last_output,
            program: processes.and_then(|processes| processes.get(&pid)?.foreground.clone()),
        })
    });
    agents.collect()
}

/// Whether the screen can show another activity than the report.
fn can_tell_more(report: Option<&ActivityReport>, last_output: i64, now: Timestamp) -> bool {
    let Some(report) = report else { return true };
    match report.activity {
        // Neither a dialog nor an interrupted agent prints continuously.
        Activity::Working => last_output + 1 < now.as_second(),
        // An agent that was answered, or that continues, prints.
        Activity::Waiting | Activity::Idle => last_output > report.since.as_second() + 1,
        Activity::Blocked => false,
    }
}

impl ScreenCache {
    /// Reads the signs of all screens that show one.
    pub(super) fn read(&mut self, query: &ScreenQuery) -> Result<BTreeMap<AgentName, ObservedSign>, String> {
        let library = ProfileLibrary::new(&query.home);
        self.profiles.clear();
        let readable: Vec<_> = query
            .agents
            .iter()
            .filter(|agent| self.profile(&library, agent).is_some_and(|profile| agent.runs_program_of(&profile)))
            .collect();
        let previous = std::mem::take(&mut self.screens);
        let cached = |agent: &ScreenToRead| previous.get(&agent.agent).filter(|entry| entry.is_current(agent)).cloned();
        let (old, new): (Vec<_>, Vec<_>) =
            readable.into_iter().map(|agent| (agent, cached(agent))).partition(|(_, entry)| entry.is_some());
        self.screens.extend(old.into_iter().filter_map(|(agent, entry)| Some((agent.agent.clone(), entry?))));
        if !new.is_empty() {
            let read_at = Timestamp::now().as_second();
            let server = query.tmux.server()?;
            let screens =
                server.capture_screens(new.iter().map(|(agent, _)| agent.pane)).map_err(|error| error.to_string())?;
            for (agent, _) in new {
                let capture =
                    screens.get(&agent.pane).filter(|capture| capture.pid == Some(agent.pid) && !capture.dead);
                let (Some(capture), Some(profile)) = (capture, self.profile(&library, agent)) else { continue };
                let version = version_in(&profile, agent, previous.get(&agent.agent));
                let profile = profile.for_version(version.as_ref().map(|running| &running.version));
                let sign = profile.sign_on(&Screen::from_capture(capture));
                let same =
                    previous.get(&agent.agent).filter(|entry| entry.agent.pid == agent.pid && entry.sign == sign);
                let since = same.map_or(agent.last_output, |entry| entry.since);
                let entry = CacheEntry { agent: agent.clone(), version, sign, since, read_at };
                self.screens.insert(agent.agent.clone(), entry);
            }
        }
        let screen_sign = |entry: &CacheEntry| {
            Some(ObservedSign { sign: entry.sign.clone()?, since: entry.since, source: ActivitySource::Screen })
        };
        Ok(self.screens.iter().filter_map(|(agent, entry)| Some((agent.clone(), screen_sign(entry)?))).collect())
    }

    /// The profile of an agent's runtime, if it has dialogs. An invalid profile is reported when a message is sent.
    fn profile(&mut self, library: &ProfileLibrary, agent: &ScreenToRead) -> Option<Arc<Profile>> {
        if let Some(profile) = self.profiles.get(&agent.runtime) {
            return profile.clone();
        }
        let profile = library.profile(&agent.runtime).ok().filter(|profile| !profile.dialogs.is_empty()).map(Arc::new);
        self.profiles.insert(agent.runtime.clone(), profile.clone());
        profile
    }
}

/// The version of an agent's program, if its profile depends on it: the known one while that program runs.
fn version_in(profile: &Profile, agent: &ScreenToRead, known: Option<&CacheEntry>) -> Option<RunningVersion> {
    if profile.older.is_empty() {
        return None;
    }
    let known = known.filter(|entry| entry.agent.pid == agent.pid).and_then(|entry| entry.version.clone());
    known.filter(RunningVersion::is_current).or_else(|| RunningVersion::in_pane(profile, agent.pid))
}

impl ScreenToRead {
    /// Whether the pane shows the program of the profile, and not the shell that starts it.
    fn runs_program_of(&self, profile: &Profile) -> bool {
        let Some(program) = &self.program else { return true };
        let names = profile.programs.iter().map(String::as_str).chain(INTERPRETERS);
        // `opencode.exe` and `node-MainThread` match, but `ping` does not match `pi`.
        let matches = |name: &str| {
            let rest = program.strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphabetic()))
        };
        profile.programs.is_empty() || names.into_iter().any(matches)
    }
}

impl CacheEntry {
    /// Whether the agent has printed nothing since the screen was read. tmux counts whole seconds, so output in the
    /// second of the read may be later than the read.
    fn is_current(&self, agent: &ScreenToRead) -> bool {
        self.agent == *agent && self.read_at > agent.last_output
    }
}

#[cfg(test)]
mod tests {
    use super::{CacheEntry, ScreenToRead, can_tell_more};
    use jiff::Timestamp;
    use mosaic_heartbeat::Activity;

    #[test]
    fn a_screen_is_read_at_where_it_could_tell_more_than_the_agent() {
        let now = Timestamp::from_second(1_000).unwrap();
        for (reported, last_output, expected) in [
            (None, 1_000, true),
            (None, 10, true),
            (Some(Activity::Working), 1_000, false),
            (Some(Activity::Working), 999, false),
            (Some(Activity::Working), 998, true),
            (Some(Activity::Waiting), 901, false),
            (Some(Activity::Waiting), 902, true),
            (Some(Activity::Idle), 901, false),
            (Some(Activity::Idle), 902, true),
            (Some(Activity::Blocked), 1_000, false),
        ] {
            let report = reported.map(|activity| {
                format!("ts={}\nactivity={activity}\n", Timestamp::from_second(900).unwrap()).parse().unwrap()
            });
            assert_eq!(can_tell_more(report.as_ref(), last_output, now), expected, "{reported:?} {last_output}");
        }
    }

    #[test]
    fn only_the_programs_of_a_profile_are_read_with_it() {
        let profile = |programs: &str| {
            let text = format!("version: 1\nprograms: {programs}\ncomposer: {{kind: line, prompt: x}}\n");
            mosaic_runtimes::Profile::parse(&text, std::path::Path::new("x.yaml")).unwrap()
        };
        for (program, programs, expected) in [
            (Some("claude"), "[claude]", true),
            (Some("opencode.exe"), "[opencode]", true),
            (Some("node-MainThread"), "[codex]", true),
            (Some("sleep"), "[codex]", false),
            (Some("python3.11"), "[codex]", true),
            (Some("ping"), "[pi]", false),
            (Some("bash"), "[codex]", false),
            (Some("bash"), "[]", true),
            (None, "[codex]", true),
        ] {
            let agent = ScreenToRead {
                agent: "coder0".parse().unwrap(),
                runtime: "codex".parse().unwrap(),
                pane: "%4".parse().unwrap(),
                pid: 7.try_into().unwrap(),
                last_output: 0,
                program: program.map(str::to_owned),
            };
            assert_eq!(agent.runs_program_of(&profile(programs)), expected, "{program:?} {programs}");
        }
    }

    #[test]
    fn a_cached_sign_is_current_until_the_agent_prints() {
        let agent = |last_output, pid: u32| ScreenToRead {
            agent: "coder0".parse().unwrap(),
            runtime: "pi".parse().unwrap(),
            pane: "%4".parse().unwrap(),
            pid: pid.try_into().unwrap(),
            last_output,
            program: None,
        };
        let entry = |read_at| CacheEntry { agent: agent(100, 7), version: None, sign: None, since: 0, read_at };
        assert!(entry(101).is_current(&agent(100, 7)));
        assert!(!entry(100).is_current(&agent(100, 7)), "output may have followed within the same second");
        assert!(!entry(105).is_current(&agent(103, 7)));
        assert!(!entry(105).is_current(&agent(100, 8)), "another process");
    }
}
