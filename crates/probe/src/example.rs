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

use mosaic_domain::{AgentName, HeartbeatInterval, MosaicHome, Pid};
use mosaic_heartbeat::{EndRecord, Now, RunDirectory};
use mosaic_process::{Controllers, Stat, Usage};
use mosaic_roster::{HolderSession, Roster};
use mosaic_runtimes::ScreenSign;
use mosaic_systemd::{
    ActiveState, Linger, LoadState, Logind, ManagerAddress, Unit, UnitDirectories, UnitLinks, UnitName,
};
use mosaic_tmux::SessionPane;

use crate::assemble::assemble;
use crate::observe::{
    AgentEnds, GeneratedFiles, LastGood, LaunchCommand, Observation, Observed, ObservedProcess, ObservedRoster,
    ObservedSign, ObservedSocket, RunFiles, TmuxServer, UnitFiles, Units,
};
use crate::snapshot::{ActivitySource, Snapshot};
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

/// The socket of the tmux server.
pub(crate) const SOCKET: &str = "/tmp/tmux-1000/mosaic-factory";

/// The agents of [`snapshot`]: name, runtime and class.
const SNAPSHOT_AGENTS: [(&str, &str, &str); 12] = [
    ("lead", "claude", "orchestrator"),
    ("coder0", "codex", "implementer"),
    ("coder1", "codex", "implementer"),
    ("coder2", "codex", "implementer"),
    ("coder3", "codex", "implementer"),
    ("coder4", "codex", "implementer"),
    ("coder5", "codex", "implementer"),
    ("rev0", "pi", "reviewer"),
    ("ops0", "pi", "operations"),
    ("gardener", "pi", "a-class-of-its-own"),
    ("board0", "pi", "board"),
    ("canary0", "pi", "canary"),
];

/// The snapshot of a fleet at 2026-11-20T12:00:00Z with every condition and every activity.
///
/// * `lead` works and has exited before, `ops0` is idle.
/// * `coder0` has limits and waits for a permission, `coder4` for a login, as its screen shows; `coder3` is blocked, and `coder5`
///   works without output.
/// * `coder1` was killed, `coder2` is starting, and the heartbeat of `gardener` is stale.
/// * `canary0` was stopped on request.
/// * `rev0` was never started, the process of `board0` cannot be read, and the session `scratch` is not in the roster.
#[must_use]
pub fn snapshot() -> Snapshot {
    assemble(&target(), &mixed_observation())
}

/// The observation of [`snapshot`].
fn mixed_observation() -> Observation {
    let mut observation = observation();
    observation.roster = observed_roster(Roster::parse(&snapshot_roster(), Path::new("/h/roster.yaml")).unwrap());
    // The host was suspended for most of this time, which the monotonic clock does not count.
    observation.since_boot = Duration::from_secs(14_405);
    server(&mut observation).started = Some(1_794_902_400);
    for (pid, (agent, runtime, _)) in (100..).step_by(100).zip(SNAPSHOT_AGENTS).filter(|(_, agent)| agent.0 != "rev0") {
        add(&mut observation, agent, pid, &format!("mosaic yolo {runtime}"));
        let usage =
            Usage { memory_bytes: 1_288_490_188, cpu: Duration::from_millis(192_400), tasks: 14, oom_kills: Some(1) };
        process(&mut observation, pid).usage = Some(usage);
        let entered = "2026-11-20T08:00:00.1239Z".parse().unwrap();
        observation.systemd.result.as_mut().unwrap().since.insert(UnitName::agent(&agent.parse().unwrap()), entered);
    }
    for (took, source) in [
        (250, &mut observation.roster.read.took),
        (5_100, &mut observation.tmux.took),
        (2_750, &mut observation.systemd.took),
        (0, &mut observation.heartbeats.took),
        (12_000, &mut observation.processes.took),
    ] {
        *source = Duration::from_micros(took);
    }
    report(&mut observation, "lead", "working\nreason=subagents\nmodel=opus\ntask=plan the release");
    let exited_before = beat("lead", 100)
        .replace("11:59:55", "11:59:56.877")
        .replace("mono=995.000", "mono=996.880")
        .replace("gen=1", "gen=3")
        + "last_exit=code:7\nlast_exit_ts=2026-11-20T07:59:58Z\n";
    heartbeat(&mut observation, "lead", &exited_before);
    record_end(&mut observation, "lead", "code:7", "2026-11-20T07:59:58Z");
    add_waiting_agents(&mut observation);
    add_failing_agents(&mut observation);
    report(&mut observation, "ops0", "idle\nmodel=pi-1");
    session(&mut observation, "scratch", 2000);
    let scratch = process(&mut observation, 100).clone();
    let scratch = ObservedProcess { launch_command: None, group: None, controllers: None, usage: None, ..scratch };
    observation.processes.result.as_mut().unwrap().insert(2000.try_into().unwrap(), scratch);
    observation
}

fn snapshot_roster() -> String {
    let agents = SNAPSHOT_AGENTS
        .map(|(name, runtime, class)| format!("  - name: {name}\n    runtime: {runtime}\n    class: {class}\n"));
    let limits = "    limits: { memory_max: 2G, cpu_quota: 150%, tasks_max: 512 }\n";
    format!("version: 1\ntransport: tmux\nagents:\n{}", agents.concat()).replacen(
        "  - name: coder1\n",
        &format!("{limits}  - name: coder1\n"),
        1,
    )
}

/// Makes agents of [`snapshot`] wait for a person, be blocked, and be silent.
fn add_waiting_agents(observation: &mut Observation) {
    report(observation, "coder0", "waiting\nreason=permission: Bash\nmodel=gpt-6");
    report(observation, "coder3", "blocked\nreason=the provider is overloaded (529)\nmodel=gpt-6");
    let sign = ScreenSign::Dialog("login".to_owned());
    let seen = ObservedSign { sign, since: 1_795_174_380, source: ActivitySource::Screen };
    observation.signs.insert("coder4".parse().unwrap(), seen);
    report(observation, "coder5", "working\nmodel=gpt-6\ntask=rebase the branch");
    let activities = &mut observation.heartbeats.result.as_mut().unwrap().activities;
    activities.get_mut(&"coder5".parse().unwrap()).unwrap().since = "2026-11-20T11:04:00Z".parse().unwrap();
    server(observation).sessions.get_mut("coder5").unwrap().last_output = 1_795_173_720;
}

/// Makes agents of [`snapshot`] dead, starting, stale, stopped, and unreadable.
fn add_failing_agents(observation: &mut Observation) {
    let pane = server(observation).sessions.get_mut("coder1").unwrap();
    (pane.dead, pane.verdict) = (true, "signal:9".parse().ok());
    let dead = process(observation, 300);
    (dead.stat, dead.usage, dead.foreground) = (Ok(Some(stat(300, 'Z'))), None, None);
    let failed = unit(observation, "coder1");
    (failed.active, failed.sub) = (ActiveState::Failed, "failed".to_owned());
    let exited = beat("coder1", 300).replace("status=ok", "status=exited")
        + "exit=signal:9\nlast_exit=signal:9\nlast_exit_ts=2026-11-20T11:59:54.5Z\n";
    heartbeat(observation, "coder1", &exited);
    record_end(observation, "coder1", "signal:9", "2026-11-20T11:59:54.5Z");

    let starting = unit(observation, "coder2");
    (starting.active, starting.sub) = (ActiveState::Activating, "start".to_owned());
    process(observation, 400).usage =
        Some(Usage { memory_bytes: 812, cpu: Duration::from_millis(40), tasks: 1, oom_kills: Some(0) });
    let exited_before = beat("coder2", 400) + "last_exit=code:7\nlast_exit_ts=2026-11-20T11:59:42Z\n";
    heartbeat(observation, "coder2", &exited_before);

    let stale = beat("gardener", 1000).replace("11:59:55", "11:58:56").replace("mono=995.000", "mono=936.000");
    heartbeat(observation, "gardener", &stale);

    stop(observation, "canary0", 1200);

    let unreadable = process(observation, 1100);
    (unreadable.stat, unreadable.usage) = (Err("/proc/1100/stat: Permission denied (os error 13)".to_owned()), None);
    (unreadable.launch_command, unreadable.foreground) = (None, None);
}

/// Records how an agent ended.
fn record_end(observation: &mut Observation, agent: &str, verdict: &str, at: &str) {
    let record = EndRecord {
        at: at.parse().unwrap(),
        verdict: verdict.parse().unwrap(),
        lifetime: Duration::from_hours(3),
        generation: 1,
        requested_by: None,
        lines: Vec::new(),
    };
    observation.ends.insert(agent.parse().unwrap(), Arc::new(AgentEnds { history: None, last: Some(record) }));
}

/// Makes an agent with this process one that a person stopped.
pub(crate) fn stop(observation: &mut Observation, agent: &str, pid: u32) {
    server(observation).sessions.remove(agent);
    observation.processes.result.as_mut().unwrap().remove(&pid.try_into().unwrap());
    let inactive = unit(observation, agent);
    (inactive.active, inactive.sub) = (ActiveState::Inactive, "dead".to_owned());
    heartbeat(observation, agent, &beat(agent, pid).replace("status=ok", "status=stopped"));
    let record = "ts=2026-11-20T11:59:58Z\nby=jarvis\n".parse().unwrap();
    observation.stops.as_mut().unwrap().insert(agent.parse().unwrap(), Ok(record));
}

/// Makes an agent report an activity, with further lines of the report.
fn report(observation: &mut Observation, agent: &str, activity: &str) {
    let report = format!("ts=2026-11-20T11:50:00.98765Z\nactivity={activity}\n").parse().unwrap();
    observation.heartbeats.result.as_mut().unwrap().activities.insert(agent.parse().unwrap(), report);
}

fn process(observation: &mut Observation, pid: u32) -> &mut ObservedProcess {
    observation.processes.result.as_mut().unwrap().get_mut(&pid.try_into().unwrap()).unwrap()
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
        socket: Some(ObservedSocket { path: SOCKET.into(), recorded: None, default_path: SOCKET.into() }),
        systemd: observed(Units::default()),
        direct: false,
        unit_files: Ok(UnitFiles { links: Arc::default(), template_installed: true }),
        linger: Linger::On,
        heartbeats: observed(RunFiles::default()),
        processes: observed(BTreeMap::new()),
        signs: BTreeMap::new(),
        stops: Ok(BTreeMap::new()),
        generated: observed(Arc::default()),
        ends: BTreeMap::new(),
        unusable_programs: Vec::new(),
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
        controllers: Some(Controllers { memory: true, cpu: true, pids: true }),
        usage: Some(Usage { memory_bytes: 4096, cpu: Duration::from_secs(1), tasks: 2, oom_kills: Some(0) }),
        foreground: Some("node".to_owned()),
    };
    observation.processes.result.as_mut().unwrap().insert(pid.try_into().unwrap(), process);
    let generated = GeneratedFiles {
        outdated: Vec::new(),
        unusable: None,
        command: command.into(),
        search_path: Some("/bin".into()),
    };
    generated_files(observation).insert(name, Arc::new(generated));
}

pub(crate) fn session(observation: &mut Observation, session: &str, pid: u32) {
    let pane = SessionPane {
        session: session.to_owned(),
        id: format!("%{pid}").parse().unwrap(),
        pid: Pid::new(pid),
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
