//! An example snapshot for tests of the views.

use jiff::Timestamp;
use mosaic_probe::snapshot::{
    Activity, ActivitySnapshot, ActivitySource, AgentSnapshot, Condition, DriftItem, DriftKind, HeartbeatHealth,
    HeartbeatSnapshot, HeartbeatStatus, HolderSnapshot, RosterSnapshot, SessionSnapshot, Snapshot, SourceName,
    SourceReport, Sources, UnitSnapshot, UsageSnapshot, WaitingFor,
};

const NOW: &str = "2026-11-20T14:58:08Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn agent(name: &str, runtime: &str, class: &str, condition: Condition) -> AgentSnapshot {
    AgentSnapshot {
        name: name.to_owned(),
        runtime: Some(runtime.to_owned()),
        class: Some(class.parse().unwrap()),
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        managed: true,
        condition,
        reason: None,
        session: Some(SessionSnapshot {
            exists: true,
            pane_id: Some("%4".to_owned()),
            pane_pid: Some(18960),
            pane_dead: Some(false),
            process_alive: Some(true),
            process_since: Some(time("2026-11-20T11:00:00Z")),
            command: Some("node".to_owned()),
            last_output: Some(time("2026-11-20T14:57:56Z")),
        }),
        unit: Some(unit(name, "active", "running")),
        heartbeat: HeartbeatSnapshot {
            health: HeartbeatHealth::Healthy,
            reason: None,
            ts: Some(time("2026-11-20T14:58:05+00:00")),
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
        activity: None,
        usage: Some(UsageSnapshot { memory_bytes: 1_288_490_188, cpu_seconds: 192.4, tasks: 14 }),
        drift: Vec::new(),
    }
}

fn unit(name: &str, active: &str, sub: &str) -> UnitSnapshot {
    UnitSnapshot {
        name: format!("mosaic-agent@{name}.service"),
        active: active.parse().unwrap(),
        sub: sub.to_owned(),
        enabled: Some(true),
        installed: true,
        since: Some(time("2026-11-16T11:00:00Z")),
    }
}

fn with_activity(agent: AgentSnapshot, state: &str, since: &str, reason: Option<&str>) -> AgentSnapshot {
    let activity = ActivitySnapshot {
        state: Activity::ALL.into_iter().find(|activity| activity.as_str() == state).unwrap(),
        since: time(since),
        reason: reason.map(str::to_owned),
        waiting_for: (state == "waiting").then(|| WaitingFor::from_reason(reason)),
        silent_since: None,
        source: ActivitySource::Report,
        model: Some("stub-1".to_owned()),
        task: None,
    };
    AgentSnapshot { activity: Some(activity), ..agent }
}

/// Agents that need a person, the least urgent first.
fn in_need() -> [AgentSnapshot; 4] {
    let up = |name| agent(name, "claude", "reviewer", Condition::Up);
    let mut silent = with_activity(up("rev4"), "working", "2026-11-20T13:00:00Z", None);
    let mut seen = with_activity(up("rev2"), "waiting", "2026-11-20T14:56:00Z", Some("trust"));
    if let (Some(silent), Some(seen)) = (&mut silent.activity, &mut seen.activity) {
        silent.silent_since = Some(time("2026-11-20T14:10:00Z"));
        silent.task = Some("rebase the branch".to_owned());
        seen.source = ActivitySource::Screen;
    }
    [
        silent,
        with_activity(up("rev3"), "blocked", "2026-11-20T14:57:00Z", Some("the provider is overloaded (529)")),
        seen,
        with_activity(up("rev1"), "waiting", "2026-11-20T14:46:00Z", Some("login: 401 invalid key")),
    ]
}

fn dead() -> AgentSnapshot {
    let mut dead = agent("coder1", "codex", "implementer", Condition::Dead);
    dead.reason = Some("its process exited with code 7".to_owned());
    dead.unit = Some(unit("coder1", "activating", "auto-restart"));
    dead.heartbeat.age_ms = Some(64_000);
    dead.heartbeat.health = HeartbeatHealth::Stale;
    dead.usage = None;
    if let Some(session) = &mut dead.session {
        session.pane_dead = Some(true);
        session.process_alive = Some(false);
        session.command = None;
    }
    dead.drift = vec![DriftKind::PaneDead, DriftKind::UnitDisabled];
    dead
}

fn missing() -> AgentSnapshot {
    let mut missing = agent("rev0", "claude", "reviewer", Condition::Missing);
    missing.session = Some(SessionSnapshot::default());
    missing.unit = Some(UnitSnapshot { installed: false, ..unit("rev0", "inactive", "dead") });
    missing.heartbeat.age_ms = None;
    missing.heartbeat.health = HeartbeatHealth::Unknown;
    missing.usage = None;
    missing.drift = vec![DriftKind::SessionMissing];
    missing
}

fn unmanaged() -> AgentSnapshot {
    let mut scratch = agent("scratch", "codex", "other", Condition::Unknown);
    scratch.runtime = None;
    scratch.class = None;
    scratch.managed = false;
    scratch.unit = None;
    scratch.usage = None;
    scratch.heartbeat.age_ms = None;
    scratch.heartbeat.health = HeartbeatHealth::Unknown;
    scratch.drift = vec![DriftKind::UnmanagedSession];
    scratch
}

fn sources() -> Sources {
    let ok = SourceReport { ok: true, duration_ms: 5.1, error: None };
    let why = "the systemd user manager did not answer within 2 s; check whether it or the D-Bus of the user hangs";
    let failed = SourceReport { ok: false, duration_ms: 2000.0, error: Some(why.to_owned()) };
    [
        (SourceName::Roster, ok.clone()),
        (SourceName::Tmux, ok.clone()),
        (SourceName::Systemd, failed),
        (SourceName::Heartbeat, ok.clone()),
        (SourceName::Process, ok),
    ]
    .into()
}

fn drift(kind: DriftKind, subject: &str, detail: &str, advice: &str) -> DriftItem {
    let [subject, detail, advice] = [subject, detail, advice].map(str::to_owned);
    DriftItem { kind, subject, detail, advice }
}

/// A fleet with every condition, a source that failed, and drift of agents and of the fleet.
pub(crate) fn fleet() -> Snapshot {
    let mut starting = agent("coder2", "codex", "implementer", Condition::Starting);
    starting.unit = Some(unit("coder2", "activating", "start"));
    starting.usage = Some(UsageSnapshot { memory_bytes: 812, cpu_seconds: 0.04, tasks: 2 });
    let mut stale = agent("a-class-of-its-own", "pi", "gardener", Condition::Stale);
    stale.reason = Some("the heartbeat is 64 s old, and its interval is 15 s; the sidecar 18964 may hang".to_owned());
    stale.heartbeat.health = HeartbeatHealth::Stale;
    stale.heartbeat.age_ms = Some(64_000);
    stale.drift = vec![DriftKind::StaleHeartbeat];
    let mut agents = vec![
        agent("coder0", "codex", "implementer", Condition::Up),
        dead(),
        starting,
        with_activity(
            agent("mos-claude", "claude", "orchestrator", Condition::Up),
            "working",
            "2026-11-20T14:55:00Z",
            None,
        ),
        stale,
        missing(),
        unmanaged(),
    ];
    agents.splice(6..6, in_need());
    Snapshot {
        schema: 1,
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        observed_at: time(NOW),
        direct: false,
        socket: "mosaic-factory".to_owned(),
        sources: sources(),
        roster: RosterSnapshot { agents: Some(10), loaded_at: Some(time(NOW)) },
        linger: Some(true),
        holder: HolderSnapshot { up: Some(true), pid: Some(812), since: Some(time("2026-11-17T10:00:00Z")) },
        agents,
        drift: vec![
            drift(
                DriftKind::PaneDead,
                "coder1",
                "the process 18960 of the pane %4 has ended, and the pane remains",
                "mosaic fleet restart coder1",
            ),
            drift(
                DriftKind::UnmanagedSession,
                "scratch",
                "the session runs on the socket mosaic-factory and has no roster entry",
                "mosaic fleet add scratch --runtime RUNTIME --class CLASS, or tmux -L mosaic-factory kill-session -t =scratch",
            ),
        ],
    }
}
