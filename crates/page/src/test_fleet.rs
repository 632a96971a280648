//! Snapshots of fleets for the tests of the page.

use jiff::Timestamp;
use mosaic_probe::snapshot::{
    ActiveState, Activity, ActivitySnapshot, ActivitySource, AgentSnapshot, Condition, DriftItem, DriftKind,
    HeartbeatHealth, HeartbeatSnapshot, HeartbeatStatus, HolderSnapshot, RosterSnapshot, SessionSnapshot, Snapshot,
    SourceName, SourceReport, UnitSnapshot, UsageSnapshot, WaitingFor,
};

const NOW: &str = "2026-11-20T14:58:08Z";

/// The time of the snapshots.
pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A healthy agent.
pub(crate) fn agent(name: &str, runtime: &str, class: &str) -> AgentSnapshot {
    AgentSnapshot {
        name: name.to_owned(),
        runtime: Some(runtime.to_owned()),
        class: class.parse().ok(),
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        managed: true,
        condition: Condition::Up,
        reason: None,
        session: Some(SessionSnapshot {
            exists: true,
            pane_id: Some("%4".to_owned()),
            pane_pid: Some(18960),
            pane_dead: Some(false),
            process_alive: Some(true),
            process_since: "2026-11-20T11:00:00Z".parse().ok(),
            command: Some("node".to_owned()),
            last_output: "2026-11-20T14:57:56Z".parse().ok(),
        }),
        unit: Some(UnitSnapshot {
            name: format!("mosaic-agent@{name}.service"),
            active: ActiveState::Active,
            sub: "running".to_owned(),
            enabled: Some(true),
            installed: true,
            since: "2026-11-16T11:00:00Z".parse().ok(),
        }),
        heartbeat: HeartbeatSnapshot {
            health: HeartbeatHealth::Healthy,
            reason: None,
            ts: "2026-11-20T14:58:05.331+00:00".parse().ok(),
            age_ms: Some(3120),
            interval_ms: Some(15000),
            pid: Some(18960),
            status: Some(HeartbeatStatus::Ok),
            exit: None,
            last_exit: None,
            last_exit_at: None,
            sidecar: Some(18964),
            starts: Some(3),
            path: format!("/home/jarvis/.config/mosaic/fleet/run/{name}.hb"),
        },
        activity: Some(activity(Activity::Working, None)),
        usage: Some(UsageSnapshot { memory_bytes: 1_288_490_188, cpu_seconds: 192.4, tasks: 14 }),
        drift: Vec::new(),
    }
}

/// An activity that began twelve minutes ago.
pub(crate) fn activity(state: Activity, reason: Option<&str>) -> ActivitySnapshot {
    ActivitySnapshot {
        state,
        since: "2026-11-20T14:46:00Z".parse().unwrap(),
        reason: reason.map(str::to_owned),
        waiting_for: (state == Activity::Waiting).then(|| WaitingFor::from_reason(reason)),
        silent_since: None,
        source: ActivitySource::Report,
        model: Some("stub-1".to_owned()),
        task: None,
    }
}

/// The activity of an agent that works and has printed nothing for 38 minutes.
pub(crate) fn silent() -> ActivitySnapshot {
    let silent_since = "2026-11-20T14:20:00Z".parse().ok();
    ActivitySnapshot {
        since: "2026-11-20T14:02:00Z".parse().unwrap(),
        silent_since,
        ..activity(Activity::Working, None)
    }
}

/// Marks a source as failed.
pub(crate) fn fail(snapshot: &mut Snapshot, source: SourceName, why: &str) {
    let report = SourceReport { ok: false, duration_ms: 2000.0, error: Some(why.to_owned()) };
    snapshot.sources.insert(source, report);
}

/// A fleet with one agent per condition, and without other problems.
pub(crate) fn with_conditions(conditions: &[Condition]) -> Snapshot {
    let agents = conditions.iter().enumerate().map(|(at, condition)| AgentSnapshot {
        condition: *condition,
        activity: None,
        ..agent(&format!("coder{at}"), "codex", "implementer")
    });
    with_agents(agents.collect())
}

fn with_agents(agents: Vec<AgentSnapshot>) -> Snapshot {
    let ok = SourceReport { ok: true, duration_ms: 5.1, error: None };
    let sources =
        [SourceName::Roster, SourceName::Tmux, SourceName::Systemd, SourceName::Heartbeat, SourceName::Process];
    Snapshot {
        schema: 1,
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        observed_at: now(),
        direct: false,
        socket: "mosaic-factory".to_owned(),
        sources: sources.into_iter().map(|source| (source, ok.clone())).collect(),
        roster: RosterSnapshot { agents: Some(agents.len()), loaded_at: Some(now()) },
        linger: Some(true),
        holder: HolderSnapshot { up: Some(true), pid: Some(812), since: "2026-11-17T10:00:00Z".parse().ok() },
        agents,
        drift: Vec::new(),
    }
}

/// One agent of each condition and of each activity, a failed source, and drift.
pub(crate) fn with_everything() -> Snapshot {
    let mut snapshot = with_every_condition();
    let why = "the systemd user manager did not answer within 2 s: check whether it or the user D-Bus hangs";
    fail(&mut snapshot, SourceName::Systemd, why);
    // Without systemd, units and their drift are unknown.
    snapshot.linger = None;
    snapshot.drift.retain(|item| item.kind != DriftKind::UnitDisabled);
    for agent in &mut snapshot.agents {
        agent.unit = None;
        agent.drift.retain(|kind| *kind != DriftKind::UnitDisabled);
    }
    snapshot
}

/// One agent of each condition and of each activity, and drift.
pub(crate) fn with_every_condition() -> Snapshot {
    let mut waiting = agent("coder0", "codex", "implementer");
    waiting.activity = Some(activity(Activity::Waiting, Some("permission: Bash")));
    let mut blocked = agent("coder3", "codex", "implementer");
    blocked.activity = Some(activity(Activity::Blocked, Some("the review of 41 is open")));
    let mut logged_out = agent("coder4", "codex", "implementer");
    let from_screen = ActivitySnapshot { source: ActivitySource::Screen, ..activity(Activity::Waiting, Some("login")) };
    logged_out.activity = Some(ActivitySnapshot { since: "2026-11-20T14:31:00Z".parse().unwrap(), ..from_screen });
    let mut silent_agent = agent("coder5", "codex", "implementer");
    silent_agent.activity = Some(silent());
    let mut starting = agent("coder2", "codex", "implementer");
    starting.condition = Condition::Starting;
    starting.activity = None;
    starting.heartbeat.last_exit = "code:7".parse().ok();
    starting.heartbeat.last_exit_at = "2026-11-20T14:57:50Z".parse().ok();
    let mut idle = agent("ops0", "pi", "operations");
    idle.activity = Some(activity(Activity::Idle, None));
    let agents = vec![
        agent("mos-claude", "claude", "orchestrator"),
        waiting,
        dead(),
        starting,
        blocked,
        logged_out,
        silent_agent,
        stale(),
        missing(),
        idle,
        unreadable(),
        unmanaged(),
    ];
    let mut snapshot = with_agents(agents);
    snapshot.drift = [
        (DriftKind::PaneDead, "coder1", "the process in the pane has ended", "mosaic fleet restart coder1"),
        (
            DriftKind::UnitDisabled,
            "coder1",
            "mosaic-agent@coder1.service is not enabled and does not start at boot",
            "mosaic fleet install",
        ),
        (
            DriftKind::StaleHeartbeat,
            "gardener",
            "the process runs, but its last heartbeat is 64 s old",
            "mosaic fleet restart gardener",
        ),
        (DriftKind::SessionMissing, "rev0", "the agent has no session", "mosaic fleet start rev0"),
        (
            DriftKind::UnmanagedSession,
            "scratch",
            "the session scratch on the socket mosaic-factory is not in the roster",
            "mosaic fleet add scratch, or tmux -L mosaic-factory kill-session -t '=scratch:'",
        ),
    ]
    .map(drift)
    .to_vec();
    snapshot
}

fn drift((kind, subject, detail, advice): (DriftKind, &str, &str, &str)) -> DriftItem {
    let [subject, detail, advice] = [subject, detail, advice].map(str::to_owned);
    DriftItem { kind, subject, detail, advice }
}

fn dead() -> AgentSnapshot {
    let mut dead = agent("coder1", "codex", "implementer");
    dead.condition = Condition::Dead;
    dead.reason = Some("the process exited with signal:9".to_owned());
    dead.heartbeat.health = HeartbeatHealth::Stale;
    dead.heartbeat.ts = "2026-11-20T14:57:04Z".parse().ok();
    dead.heartbeat.last_exit = "signal:9".parse().ok();
    dead.heartbeat.last_exit_at = "2026-11-20T14:57:06Z".parse().ok();
    dead.usage = None;
    if let Some(session) = &mut dead.session {
        session.pane_dead = Some(true);
        session.process_alive = Some(false);
        session.command = None;
    }
    if let Some(unit) = &mut dead.unit {
        (unit.active, unit.sub, unit.enabled) = (ActiveState::Failed, "failed".to_owned(), Some(false));
    }
    dead.drift = vec![DriftKind::PaneDead, DriftKind::UnitDisabled];
    dead
}

fn stale() -> AgentSnapshot {
    let mut stale = agent("gardener", "pi", "a-class-of-its-own");
    stale.condition = Condition::Stale;
    stale.reason = Some("the last heartbeat is 64 s old".to_owned());
    stale.heartbeat.health = HeartbeatHealth::Stale;
    stale.heartbeat.ts = "2026-11-20T14:57:04Z".parse().ok();
    stale.drift = vec![DriftKind::StaleHeartbeat];
    stale
}

fn missing() -> AgentSnapshot {
    let mut missing = agent("rev0", "claude", "reviewer");
    missing.condition = Condition::Missing;
    missing.session = Some(SessionSnapshot::default());
    missing.heartbeat.ts = None;
    missing.heartbeat.health = HeartbeatHealth::Unknown;
    missing.heartbeat.reason = Some("no heartbeat file".to_owned());
    missing.activity = None;
    missing.usage = None;
    if let Some(unit) = &mut missing.unit {
        (unit.active, unit.sub) = (ActiveState::Inactive, "dead".to_owned());
    }
    missing.drift = vec![DriftKind::SessionMissing];
    missing
}

fn unreadable() -> AgentSnapshot {
    let mut unreadable = agent("board", "pi", "board");
    unreadable.condition = Condition::Unknown;
    unreadable.reason = Some("/proc/18960/stat: Permission denied (os error 13)".to_owned());
    unreadable.usage = None;
    if let Some(session) = &mut unreadable.session {
        (session.process_alive, session.process_since, session.command) = (None, None, None);
    }
    unreadable
}

fn unmanaged() -> AgentSnapshot {
    let mut scratch = agent("scratch", "", "");
    scratch.runtime = None;
    scratch.class = None;
    scratch.condition = Condition::Unknown;
    scratch.managed = false;
    scratch.activity = None;
    scratch.unit = None;
    scratch.usage = None;
    scratch.heartbeat.ts = None;
    scratch.heartbeat.starts = None;
    scratch.heartbeat.health = HeartbeatHealth::Unknown;
    scratch.drift = vec![DriftKind::UnmanagedSession];
    scratch
}
