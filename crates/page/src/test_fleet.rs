//! Snapshots of fleets for the tests of the page, all derived from the example snapshot.

use std::sync::LazyLock;

use jiff::Timestamp;
use mosaic_probe::snapshot::{
    Activity, ActivitySnapshot, ActivitySource, AgentSnapshot, Condition, DriftKind, Snapshot, SourceName,
    SourceReport, WaitingFor,
};

/// The time of the snapshots.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// One agent of each condition and of each activity, and drift. Property tests ask for it often.
pub(crate) fn with_every_condition() -> Snapshot {
    static EXAMPLE: LazyLock<Snapshot> = LazyLock::new(mosaic_probe::example::snapshot);
    EXAMPLE.clone()
}

/// A healthy agent.
pub(crate) fn agent(name: &str, runtime: &str, class: &str) -> AgentSnapshot {
    let mut healthy = with_every_condition().agent("lead").cloned().unwrap();
    (healthy.heartbeat.last_exit, healthy.heartbeat.last_exit_at, healthy.last_end) = (None, None, None);
    AgentSnapshot {
        runtime: Some(runtime.to_owned()),
        class: class.parse().ok(),
        activity: Some(activity(Activity::Working, None)),
        ..renamed(healthy, name)
    }
}

fn renamed(agent: AgentSnapshot, name: &str) -> AgentSnapshot {
    let mut renamed = AgentSnapshot { name: name.to_owned(), ..agent };
    renamed.heartbeat.path = format!("/h/run/{name}.hb");
    if let Some(unit) = &mut renamed.unit {
        unit.name = format!("mosaic-agent@{name}.service");
    }
    renamed
}

/// An activity that began twelve minutes ago.
pub(crate) fn activity(state: Activity, reason: Option<&str>) -> ActivitySnapshot {
    ActivitySnapshot {
        state,
        since: "2026-11-20T11:48:00Z".parse().unwrap(),
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
    with_every_condition().agent("coder5").and_then(|agent| agent.activity.clone()).unwrap()
}

/// Marks a source as failed.
pub(crate) fn fail(snapshot: &mut Snapshot, source: SourceName, why: &str) {
    let report = SourceReport { ok: false, duration_ms: 2000.0, error: Some(why.to_owned()) };
    snapshot.sources.insert(source, report);
}

/// A fleet with one agent per condition, and without other problems.
pub(crate) fn with_conditions(conditions: &[Condition]) -> Snapshot {
    let healthy = AgentSnapshot { activity: None, ..agent("coder0", "codex", "implementer") };
    let agents = conditions.iter().enumerate().map(|(index, condition)| AgentSnapshot {
        condition: *condition,
        ..renamed(healthy.clone(), &format!("coder{index}"))
    });
    Snapshot { agents: agents.collect(), drift: Vec::new(), ..with_every_condition() }
}

/// As [`with_every_condition`], but the user manager does not answer.
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
