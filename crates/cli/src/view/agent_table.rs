//! The table of agents in `mosaic fleet ps`, in groups.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_probe::attention_advice;
use mosaic_probe::snapshot::{
    ActiveState, Activity, AgentSnapshot, AttentionReason, Class, Condition, HeartbeatHealth, Snapshot, SourceName,
    UnitSnapshot,
};
use mosaic_terminal::{Cell, Column, Line, Paint, Style, Table, elapsed, format_bytes, format_duration};

use super::condition_mark;

/// A group of agents, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// Agents of the roster that run and need a person.
    NeedAPerson,
    /// Agents of the roster by class. The classes of a site come after the built-in ones.
    Class(Class),
    /// Agents whose class is not known, because the roster cannot be read.
    Unclassified,
    /// Sessions on the socket that are not in the roster.
    Unmanaged,
}

impl Group {
    fn new(agent: &AgentSnapshot) -> Self {
        match agent.class.clone() {
            _ if !agent.managed => Self::Unmanaged,
            // The condition of an agent that is down is enough of a sign; it stays in its class.
            _ if agent.attention().is_some_and(|attention| attention != AttentionReason::Down) => Self::NeedAPerson,
            Some(class) => Self::Class(class),
            None => Self::Unclassified,
        }
    }

    fn title(&self) -> &str {
        match self {
            Self::NeedAPerson => "need a person",
            Self::Class(Class::Orchestrator) => "orchestrator",
            Self::Class(Class::Enhancer) => "enhancer",
            Self::Class(Class::Implementer) => "implementers",
            Self::Class(Class::Reviewer) => "reviewers",
            Self::Class(Class::SecurityReviewer) => "security reviewers",
            Self::Class(Class::FinalReviewer) => "final reviewer",
            Self::Class(Class::Research) => "research",
            Self::Class(Class::Board) => "board",
            Self::Class(Class::Operations) => "operations",
            Self::Class(Class::Canary) => "canary",
            Self::Class(Class::Worker) => "workers",
            Self::Class(Class::Other(class)) => class,
            Self::Unclassified => "agents",
            Self::Unmanaged => "not in the roster",
        }
    }
}

/// Lays out the agents by group. The reason for a condition is below the row of the agent.
pub(super) fn agent_table(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut groups: BTreeMap<Group, Vec<&AgentSnapshot>> = BTreeMap::new();
    for agent in &snapshot.agents {
        groups.entry(Group::new(agent)).or_default().push(agent);
    }
    if let Some(agents) = groups.get_mut(&Group::NeedAPerson) {
        let since = |agent: &AgentSnapshot| agent.activity.as_ref().map(|activity| activity.since);
        agents.sort_by_cached_key(|agent| (agent.attention(), since(agent)));
    }
    let mut table = Table::new(columns());
    for (group, agents) in &groups {
        table.push_line(heading(group, agents));
        for agent in agents {
            table.push_row(cells(agent, snapshot, style));
            if let Some(reason) = &agent.reason {
                table.push_note(Paint::Dim, reason);
            }
            if let Some(advice) = attention_advice(agent).filter(|_| *group == Group::NeedAPerson) {
                table.push_note(Paint::Plain, &format!("{}; {}", advice.detail, advice.advice));
            }
        }
    }
    table.lay_out(style)
}

fn columns() -> [Column; 12] {
    [
        Column::left("CONDITION"),
        Column::left("AGENT"),
        Column::left("ACTIVITY").optional(0),
        Column::left("RUNTIME").optional(6),
        Column::left("CLASS").optional(9),
        Column::left("UNIT").optional(8),
        Column::right("PID").optional(5),
        Column::right("BEAT").optional(1),
        Column::right("OUTPUT").optional(3),
        Column::right("CPU").optional(7),
        Column::right("MEMORY").optional(4),
        Column::left("DRIFT").optional(2),
    ]
}

fn heading(group: &Group, agents: &[&AgentSnapshot]) -> Line {
    let up = agents.iter().filter(|agent| agent.condition == Condition::Up).count();
    let title = Line::new(Paint::Bold, group.title());
    match (group, agents.len()) {
        (Group::Unmanaged | Group::NeedAPerson, _) | (_, 1) => title,
        (_, all) => title.with(Paint::Dim, &format!("  {up} of {all} up")),
    }
}

fn cells(agent: &AgentSnapshot, snapshot: &Snapshot, style: &Style) -> [Cell; 12] {
    let now = snapshot.observed_at;
    let unit_known = snapshot.direct || snapshot.sources.get(&SourceName::Systemd).is_some_and(|report| report.ok);
    let mark = condition_mark(agent.condition);
    let session = agent.session.as_ref();
    let known = |text: Option<String>| text.map_or((Paint::Dim, "-".to_owned()), |text| (Paint::Plain, text));
    let pid = session.and_then(|session| session.pane_pid);
    let output = session.and_then(|session| Some(elapsed(session.last_output?, now)));
    let cpu = agent.usage.map(|usage| Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default());
    let drift: Vec<&str> = agent.drift.iter().map(|kind| kind.as_str()).collect();
    [
        (mark.paint(), format!("{} {}", mark.symbol(style), agent.condition)),
        (Paint::Bold, agent.name.clone()),
        activity(agent, now),
        known(agent.runtime.clone()),
        known(agent.class.as_ref().map(ToString::to_string)),
        unit(agent.unit.as_ref(), unit_known),
        known(pid.map(|pid| pid.to_string())),
        heartbeat(agent),
        known(output.map(format_duration)),
        known(cpu.map(format_duration)),
        known(agent.usage.map(|usage| format_bytes(usage.memory_bytes))),
        (Paint::Yellow, drift.join(", ")),
    ]
}

/// The activity and its duration, such as `waiting 12m`; `-` without an activity.
fn activity(agent: &AgentSnapshot, now: Timestamp) -> Cell {
    let Some(activity) = &agent.activity else { return (Paint::Dim, "-".to_owned()) };
    let paint = match activity.state {
        _ if activity.silent_since.is_some() => Paint::Yellow,
        Activity::Waiting => Paint::Yellow,
        Activity::Blocked => Paint::Red,
        Activity::Idle => Paint::Dim,
        Activity::Working => Paint::Plain,
    };
    let word = if activity.silent_since.is_some() { "silent" } else { activity.state.as_str() };
    let since = activity.silent_since.unwrap_or(activity.since);
    (paint, format!("{word} {}", format_duration(elapsed(since, now))))
}

/// The age of the heartbeat.
fn heartbeat(agent: &AgentSnapshot) -> Cell {
    let heartbeat = &agent.heartbeat;
    let paint = match heartbeat.health {
        HeartbeatHealth::Healthy => Paint::Plain,
        // An agent that was stopped has no sidecar.
        HeartbeatHealth::Stale if agent.condition == Condition::Stopped => Paint::Dim,
        HeartbeatHealth::Stale => Paint::Yellow,
        HeartbeatHealth::Unknown => Paint::Dim,
    };
    (paint, heartbeat.age_ms.map_or("-".to_owned(), |age| format_duration(Duration::from_millis(age))))
}

/// The state of the unit: the sub-state alone where it is unambiguous.
fn unit(unit: Option<&UnitSnapshot>, known: bool) -> Cell {
    let Some(unit) = unit else { return (Paint::Dim, if known { "-" } else { "?" }.to_owned()) };
    let running = unit.active == ActiveState::Active && unit.sub == "running";
    match unit.active {
        _ if !unit.installed => (Paint::Yellow, "no unit".to_owned()),
        _ if running => (Paint::Plain, unit.sub.clone()),
        ActiveState::Failed => (Paint::Red, "failed".to_owned()),
        ActiveState::Inactive => (Paint::Dim, "inactive".to_owned()),
        // `active/exited`: the manager watches no process.
        ActiveState::Active => (Paint::Yellow, format!("active/{}", unit.sub)),
        // `auto-restart`, `stop-sigterm`: the sub-state implies the state.
        _ => (Paint::Yellow, unit.sub.clone()),
    }
}
