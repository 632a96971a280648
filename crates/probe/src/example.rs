//! An example fleet, which tests change to make the states and defects that they need.
//!
//! [`snapshot`] is for the tests of other crates (feature `example`): it has agents in different conditions, and nearly
//! every field is set in one of them. The observations in this crate's tests start with two healthy agents.
#![allow(clippy::unwrap_used, reason = "a panic names the line with the invalid test data")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::{AgentName, HeartbeatInterval, MosaicHome};
use mosaic_heartbeat::{Now, RunDirectory};
use mosaic_process::{Stat, Usage};
use mosaic_roster::{HolderSession, Roster};
use mosaic_systemd::{
    ActiveState, Linger, LoadState, Logind, ManagerAddress, Unit, UnitDirectories, UnitLinks, UnitName,
};
use mosaic_tmux::SessionPane;

use crate::assemble::assemble;
use crate::observe::{
    GeneratedFiles, LastGood, LaunchCommand, Observation, Observed, ObservedProcess, ObservedRoster, RunFiles,
    TmuxServer, UnitFiles, Units,
};
use crate::snapshot::Snapshot;
use crate::target::Target;

pub(crate) const ROSTER: &str = "\
version: 1
transport: tmux
agents:
  - name: lead
    runtime: claude
    class: orchestrator
  - name: coder0
    runtime: codex
    class: implementer
";

/// The roster of [`snapshot`].
const SNAPSHOT_ROSTER: &str = "\
version: 1
transport: tmux
agents:
  - name: lead
    runtime: claude
    class: orchestrator
  - name: coder0
    runtime: codex
    class: implementer
  - name: coder1
    runtime: codex
    class: implementer
  - name: rev0
    runtime: pi
    class: reviewer
";

/// The snapshot of a fleet at 2026-11-20T12:00:00Z: `lead` works, `coder0` waits for a permission, the process of
/// `coder1` was killed, `rev0` was never started, and the session `scratch` is not in the roster.
#[must_use]
pub fn snapshot() -> Snapshot {
    assemble(&target(), &mixed_observation())
}

/// The observation of [`snapshot`].
fn mixed_observation() -> Observation {
    let mut observation = observation();
    observation.roster = observed_roster(Roster::parse(SNAPSHOT_ROSTER, Path::new("/h/roster.yaml")).unwrap());
    report(&mut observation, "lead", "working\nreason=subagents\nmodel=opus\ntask=plan the release");
    report(&mut observation, "coder0", "waiting\nreason=permission: Bash\nmodel=gpt-6");
    add(&mut observation, "coder1", 300, "mosaic yolo codex");
    server(&mut observation).sessions.get_mut("coder1").unwrap().dead = true;
    observation.processes.result.as_mut().unwrap().get_mut(&300.try_into().unwrap()).unwrap().stat =
        Ok(Some(stat(300, 'Z')));
    unit(&mut observation, "coder1").active = ActiveState::Activating;
    let exited = beat("coder1", 300).replace("status=ok", "status=exited")
        + "exit=signal:9\nlast_exit=signal:9\nlast_exit_ts=2026-11-20T11:59:54.5Z\n";
    heartbeat(&mut observation, "coder1", &exited);
    let exited_before = beat("lead", 100) + "last_exit=code:7\nlast_exit_ts=2026-11-20T11:00:00Z\n";
    heartbeat(&mut observation, "lead", &exited_before);
    let since = "2026-11-20T11:43:25.1239Z".parse().unwrap();
    observation.systemd.result.as_mut().unwrap().since.insert(UnitName::agent(&"lead".parse().unwrap()), since);
    session(&mut observation, "scratch", 400);
    observation
}

/// Makes an agent report an activity, with further lines of the report.
fn report(observation: &mut Observation, agent: &str, activity: &str) {
    let report = format!("ts=2026-11-20T11:50:00.98765Z\nactivity={activity}\n").parse().unwrap();
    observation.heartbeats.result.as_mut().unwrap().activities.insert(agent.parse().unwrap(), report);
}

pub(crate) fn observed<T>(value: T) -> Observed<T> {
    Observed { result: Ok(value), took: Duration::from_millis(1) }
}

#[cfg(test)]
pub(crate) fn failed<T>(why: &str) -> Observed<T> {
    Observed { result: Err(why.to_owned()), took: Duration::from_millis(1) }
}

pub(crate) fn target() -> Target {
    let variable = |name: &str| (name == "HOME").then(|| OsString::from("/h"));
    Target {
        home: MosaicHome::from_environment(variable).unwrap(),
        user_home: None,
        roster_path: PathBuf::from("/h/roster.yaml"),
        run_directory: RunDirectory::new(PathBuf::from("/h/run")),
        manager: ManagerAddress::new(None, None),
        unit_directories: Some(UnitDirectories::from_environment(variable).unwrap()),
        logind: Logind::default(),
        host: "w1".to_owned(),
        user: "jarvis".to_owned(),
        tenant: "jarvis".to_owned(),
        search_path: None,
        assumed_interval: HeartbeatInterval::DEFAULT,
        fallback_socket: "mosaic-factory".parse().unwrap(),
        fallback_holder: HolderSession::default(),
        limit: Target::LIMIT,
        disabled_sources: BTreeSet::new(),
    }
}

pub(crate) fn observation() -> Observation {
    let mut observation = Observation {
        now: Now {
            wall: "2026-11-20T12:00:00Z".parse().unwrap(),
            monotonic: Duration::from_secs(1000),
            boot: "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap(),
        },
        since_boot: Duration::from_secs(1000),
        roster: observed_roster(Roster::parse(ROSTER, Path::new("/h/roster.yaml")).unwrap()),
        tmux: observed(Some(TmuxServer {
            pid: 12.try_into().ok(),
            started: Some(1_795_172_400),
            sessions: BTreeMap::new(),
        })),
        systemd: observed(Units::default()),
        direct: false,
        unit_files: Ok(UnitFiles { links: Arc::default(), template_installed: true }),
        linger: Linger::On,
        heartbeats: observed(RunFiles::default()),
        processes: observed(BTreeMap::new()),
        screens: BTreeMap::new(),
        generated: observed(Arc::default()),
    };
    session(&mut observation, "_holder", 13);
    let holder = UnitName::holder();
    let loaded =
        Unit { name: holder.clone(), load: LoadState::Loaded, active: ActiveState::Active, sub: "running".to_owned() };
    observation.systemd.result.as_mut().unwrap().loaded.insert(holder, loaded);
    for (agent, pid, command) in [("lead", 100, "mosaic yolo claude"), ("coder0", 200, "mosaic yolo codex")] {
        add(&mut observation, agent, pid, command);
    }
    observation
}

/// A roster that was just read.
pub(crate) fn observed_roster(roster: Roster) -> ObservedRoster {
    let loaded_at = "2026-11-20T11:59:59Z".parse().unwrap();
    ObservedRoster { read: observed(()), last_good: Some(LastGood { roster: Arc::new(roster), loaded_at }) }
}

/// The links that enable and mask units.
pub(crate) fn links(observation: &mut Observation) -> &mut UnitLinks {
    Arc::make_mut(&mut observation.unit_files.as_mut().unwrap().links)
}

/// The comparisons of the generated files.
pub(crate) fn generated_files(observation: &mut Observation) -> &mut BTreeMap<AgentName, Arc<GeneratedFiles>> {
    Arc::make_mut(observation.generated.result.as_mut().unwrap())
}

/// Adds a healthy agent.
pub(crate) fn add(observation: &mut Observation, agent: &str, pid: u32, command: &str) {
    session(observation, agent, pid);
    let name = agent.parse().unwrap();
    let unit = UnitName::agent(&name);
    let loaded =
        Unit { name: unit.clone(), load: LoadState::Loaded, active: ActiveState::Active, sub: "running".to_owned() };
    observation.systemd.result.as_mut().unwrap().loaded.insert(unit.clone(), loaded);
    links(observation).enabled.insert(unit.clone());
    heartbeat(observation, agent, &beat(agent, pid));
    let process = ObservedProcess {
        stat: Ok(Some(stat(pid, 'S'))),
        launch_command: Some(LaunchCommand::Command(command.to_owned())),
        group: Some(unit.to_string()),
        usage: Some(Usage { memory_bytes: 4096, cpu: Duration::from_secs(1), tasks: 2 }),
        foreground: Some("node".to_owned()),
    };
    observation.processes.result.as_mut().unwrap().insert(pid.try_into().unwrap(), process);
    let generated = GeneratedFiles { outdated: Vec::new(), command: command.into(), search_path: Some("/bin".into()) };
    generated_files(observation).insert(name, Arc::new(generated));
}

pub(crate) fn session(observation: &mut Observation, session: &str, pid: u32) {
    let pane = SessionPane {
        session: session.to_owned(),
        id: format!("%{pid}").parse().unwrap(),
        pid: pid.try_into().unwrap(),
        dead: false,
        verdict: None,
        last_output: 1_795_175_988,
    };
    server(observation).sessions.insert(session.to_owned(), pane);
}

pub(crate) fn server(observation: &mut Observation) -> &mut TmuxServer {
    observation.tmux.result.as_mut().unwrap().as_mut().unwrap()
}

pub(crate) fn heartbeat(observation: &mut Observation, agent: &str, text: &str) {
    let read = text.parse::<mosaic_heartbeat::Heartbeat>().map_err(|error| error.to_string());
    observation.heartbeats.result.as_mut().unwrap().heartbeats.insert(agent.parse().unwrap(), read);
}

pub(crate) fn unit<'a>(observation: &'a mut Observation, agent: &str) -> &'a mut Unit {
    let name = UnitName::agent(&agent.parse().unwrap());
    observation.systemd.result.as_mut().unwrap().loaded.get_mut(&name).unwrap()
}

/// A heartbeat that was written five seconds ago.
pub(crate) fn beat(agent: &str, pid: u32) -> String {
    format!(
        "ts=2026-11-20T11:59:55+00:00\npid={pid}\nstatus=ok\nv=2\nagent={agent}\n\
         boot=0700cf0c-8b1c-49c8-862a-3c44fb7bacfe\nstart=500\nmono=995.000\ninterval=15\nseq=1\nsidecar=9\ngen=1\n"
    )
}

pub(crate) fn stat(pid: u32, state: char) -> Stat {
    let line = format!("{pid} (x) {state} 1 {}500 0 963 {}0", "0 ".repeat(17), "0 ".repeat(27));
    Stat::parse(line.as_bytes()).unwrap()
}
