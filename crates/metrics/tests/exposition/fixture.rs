//! A fleet that has every fact and every state at least once.

use mosaic_metrics::{Build, Exposition, Format, OwnProcess, Selection};
use mosaic_probe::snapshot::{
    Activity, ActivitySnapshot, ActivitySource, AgentSnapshot, Class, Condition, DriftItem, DriftKind, HeartbeatHealth,
    HeartbeatSnapshot, HeartbeatStatus, HolderSnapshot, RosterSnapshot, SessionSnapshot, Snapshot, SourceName,
    SourceReport, UnitSnapshot, UsageSnapshot, WaitingFor,
};

pub(crate) const BUILD: Build = Build { version: "0.1.0", revision: "4f2c1e9" };

/// A class with every character that has to be escaped.
pub(crate) const HOSTILE_CLASS: &str = "im\"pl\\e\\n{,}=#\nmenter é";

pub(crate) fn some(text: &str) -> Option<String> {
    text.to_owned().into()
}

/// A running agent that reports its activity.
pub(crate) fn agent(name: &str) -> AgentSnapshot {
    AgentSnapshot {
        name: name.to_owned(),
        runtime: some("codex"),
        class: Some(Class::Implementer),
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        managed: true,
        condition: Condition::Up,
        reason: None,
        session: Some(SessionSnapshot {
            exists: true,
            pane_id: some("%4"),
            pane_pid: Some(18_960),
            pane_dead: Some(false),
            process_alive: Some(true),
            process_since: "2026-11-20T11:00:00.25Z".parse().ok(),
            command: some("node"),
            last_output: "2026-11-20T14:57:56Z".parse().ok(),
        }),
        unit: Some(unit(name, "active")),
        heartbeat: HeartbeatSnapshot {
            health: HeartbeatHealth::Healthy,
            ts: "2026-11-20T14:58:05.123Z".parse().ok(),
            age_ms: Some(3120),
            interval_ms: Some(15_000),
            pid: Some(18_960),
            status: Some(HeartbeatStatus::Ok),
            last_exit: "code:7".parse().ok(),
            last_exit_at: "2026-11-20T10:59:58Z".parse().ok(),
            sidecar: Some(18_964),
            starts: Some(3),
            ..no_heartbeat(name)
        },
        activity: Some(ActivitySnapshot {
            state: Activity::Waiting,
            since: "2026-11-20T14:50:00Z".parse().unwrap(),
            reason: some("permission: Bash"),
            waiting_for: Some(WaitingFor::Permission),
            silent_since: None,
            source: ActivitySource::Report,
            model: None,
            task: None,
        }),
        usage: Some(UsageSnapshot { memory_bytes: 1_288_490_188, cpu_seconds: 192.4, tasks: 14 }),
        drift: Vec::new(),
    }
}

fn unit(agent: &str, active: &str) -> UnitSnapshot {
    UnitSnapshot {
        name: format!("mosaic-agent@{agent}.service"),
        active: active.parse().unwrap(),
        sub: "running".to_owned(),
        enabled: Some(active == "active"),
        installed: true,
        since: "2026-11-16T11:00:00Z".parse().ok(),
    }
}

fn no_heartbeat(agent: &str) -> HeartbeatSnapshot {
    HeartbeatSnapshot {
        health: HeartbeatHealth::Unknown,
        reason: None,
        ts: None,
        age_ms: None,
        interval_ms: None,
        pid: None,
        status: None,
        exit: None,
        last_exit: None,
        last_exit_at: None,
        sidecar: None,
        starts: None,
        path: format!("/run/{agent}.hb"),
    }
}

/// An agent whose process was killed.
fn dead() -> AgentSnapshot {
    let mut dead = agent("coder1");
    dead.class = Some(Class::Other(HOSTILE_CLASS.to_owned()));
    dead.condition = Condition::Dead;
    dead.unit = Some(unit("coder1", "activating"));
    dead.heartbeat.last_exit = "signal:9".parse().ok();
    dead.activity = None;
    dead.usage = None;
    if let Some(session) = &mut dead.session {
        session.pane_dead = Some(true);
        session.process_alive = Some(false);
    }
    dead.drift = vec![DriftKind::PaneDead];
    dead
}

/// An agent that was never started, with a unit state that no current systemd has.
fn never_started() -> AgentSnapshot {
    AgentSnapshot {
        condition: Condition::Missing,
        session: Some(SessionSnapshot::default()),
        // The unit directories cannot be read.
        unit: Some(UnitSnapshot { enabled: None, ..unit("rev0", "maintenance") }),
        heartbeat: no_heartbeat("rev0"),
        activity: None,
        usage: None,
        drift: vec![DriftKind::SessionMissing],
        ..agent("rev0")
    }
}

/// A session that is not in the roster.
fn stray() -> AgentSnapshot {
    AgentSnapshot { managed: false, runtime: None, class: None, unit: None, ..agent("scratch") }
}

fn drift(kind: DriftKind, subject: &str) -> DriftItem {
    DriftItem { kind, subject: subject.to_owned(), detail: "-".to_owned(), advice: "-".to_owned() }
}

/// The fleet.
pub(crate) fn fleet() -> Snapshot {
    let ok = |duration_ms| SourceReport { ok: true, duration_ms, error: None };
    Snapshot {
        schema: 1,
        host: "w1".to_owned(),
        tenant: "jarvis".to_owned(),
        observed_at: "2026-11-20T14:58:08Z".parse().unwrap(),
        direct: false,
        socket: "mosaic-factory".to_owned(),
        sources: [
            (SourceName::Roster, ok(0.25)),
            (SourceName::Tmux, ok(5.1)),
            (SourceName::Systemd, ok(2.75)),
            (SourceName::Heartbeat, ok(0.0)),
            (SourceName::Process, ok(12.0)),
        ]
        .into(),
        roster: RosterSnapshot { agents: Some(3), loaded_at: "2026-11-20T14:58:07.5Z".parse().ok() },
        linger: Some(true),
        holder: HolderSnapshot { up: Some(true), pid: Some(812), since: "2026-11-17T10:00:00Z".parse().ok() },
        agents: vec![agent("coder0"), dead(), never_started(), stray()],
        drift: vec![
            drift(DriftKind::PaneDead, "coder1"),
            drift(DriftKind::SessionMissing, "rev0"),
            drift(DriftKind::UnmanagedSession, "scratch"),
            drift(DriftKind::UnmanagedSession, "scratch2"),
        ],
    }
}

/// The process of the exporter.
pub(crate) const PROCESS: OwnProcess = OwnProcess {
    cpu_seconds: Some(1.25),
    resident_memory_bytes: Some(8_388_608),
    virtual_memory_bytes: Some(16_777_216),
    open_fds: Some(14),
    max_fds: Some(1024),
    start_time_ms: Some(1_795_186_600_120),
    threads: Some(3),
};

/// The exposition of a fleet.
pub(crate) fn exposition(snapshot: &Snapshot) -> Exposition<'_> {
    Exposition { snapshot, verified: Some(false), build: BUILD, process: Some(PROCESS) }
}

/// The text of a whole exposition.
pub(crate) fn written(snapshot: &Snapshot, format: Format) -> String {
    let mut out = String::new();
    exposition(snapshot).write(&Selection::ALL, format, &mut out);
    out
}
