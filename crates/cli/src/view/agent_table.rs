//! The table of agents: pure.

use std::collections::BTreeMap;
use std::time::Duration;

use mosaic_probe::plea;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, HeartbeatHealth, Snapshot, SourceName, UnitSnapshot};

use super::class_group::ClassGroup;
use super::doing::doing;
use super::table::Cell;
use super::units::{age, bytes, duration};
use super::{Column, Line, Paint, Style, Table};

/// Lays out the agents by group, with the reason of a condition below its row.
pub(super) fn agent_table(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut groups: BTreeMap<ClassGroup, Vec<&AgentSnapshot>> = BTreeMap::new();
    for agent in &snapshot.agents {
        groups.entry(ClassGroup::of(agent)).or_default().push(agent);
    }
    if let Some(asking) = groups.get_mut(&ClassGroup::NeedAPerson) {
        let since = |agent: &AgentSnapshot| agent.activity.as_ref().map(|activity| activity.since.clone());
        asking.sort_by_cached_key(|agent| (agent.attention(), since(agent)));
    }
    let mut table = Table::new(columns());
    for (group, agents) in &groups {
        table.across(heading(group, agents));
        for agent in agents {
            table.row(cells(agent, snapshot, style));
            if let Some(reason) = &agent.reason {
                table.note(Paint::Dim, reason);
            }
            if let Some(plea) = plea(agent).filter(|_| *group == ClassGroup::NeedAPerson) {
                table.note(Paint::Plain, &format!("{}; {}", plea.why, plea.to_do));
            }
        }
    }
    table.lay_out(style)
}

fn columns() -> [Column; 12] {
    [
        Column::left("CONDITION"),
        Column::left("AGENT"),
        Column::left("DOING").dispensable(0),
        Column::left("RUNTIME").dispensable(6),
        Column::left("CLASS").dispensable(9),
        Column::left("UNIT").dispensable(8),
        Column::right("PID").dispensable(5),
        Column::right("BEAT").dispensable(1),
        Column::right("OUTPUT").dispensable(3),
        Column::right("CPU").dispensable(7),
        Column::right("MEMORY").dispensable(4),
        Column::left("DRIFT").dispensable(2),
    ]
}

fn heading(group: &ClassGroup, agents: &[&AgentSnapshot]) -> Line {
    let up = agents.iter().filter(|agent| agent.condition == Condition::Up).count();
    let title = Line::of(Paint::Bold, &group.title());
    match (group, agents.len()) {
        (ClassGroup::Unmanaged | ClassGroup::NeedAPerson, _) | (_, 1) => title,
        (_, all) => title.with(Paint::Dim, &format!("  {up} of {all} up")),
    }
}

fn cells(agent: &AgentSnapshot, snapshot: &Snapshot, style: &Style) -> [Cell; 12] {
    let now = snapshot.observed_at.as_str();
    let asked = snapshot.direct || snapshot.sources.get(&SourceName::Systemd).is_some_and(|report| report.ok);
    let condition = agent.condition;
    let mark = style.condition_mark(condition);
    let (unit_paint, unit) = unit(agent.unit.as_ref(), asked);
    let session = agent.session.as_ref();
    let known = |text: Option<String>| text.map_or((Paint::Dim, "-".to_owned()), |text| (Paint::Plain, text));
    let pid = session.and_then(|session| session.pane_pid);
    let output = session.and_then(|session| age(session.last_output.as_deref()?, now));
    let cpu = agent.usage.map(|usage| Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default());
    let drift: Vec<&str> = agent.drift.iter().map(|kind| kind.as_str()).collect();
    [
        (condition.into(), format!("{mark} {condition}")),
        (Paint::Bold, agent.name.clone()),
        doing(agent, now),
        known(agent.runtime.clone()),
        known(agent.class.clone()),
        (unit_paint, unit),
        known(pid.map(|pid| pid.to_string())),
        beat(agent),
        known(output.map(duration)),
        known(cpu.map(duration)),
        known(agent.usage.map(|usage| bytes(usage.memory_bytes))),
        (Paint::Yellow, drift.join(", ")),
    ]
}

fn beat(agent: &AgentSnapshot) -> Cell {
    let beat = &agent.heartbeat;
    let paint = match beat.health {
        HeartbeatHealth::Healthy => Paint::Plain,
        HeartbeatHealth::Stale => Paint::Yellow,
        HeartbeatHealth::Unknown => Paint::Dim,
    };
    (paint, beat.age_ms.map_or("-".to_owned(), |age| duration(Duration::from_millis(age))))
}

/// The unit's state in a word, if one will do: `active` alone would not say that a process runs.
fn unit(unit: Option<&UnitSnapshot>, asked: bool) -> Cell {
    let Some(unit) = unit else { return (Paint::Dim, if asked { "-" } else { "?" }.to_owned()) };
    let running = unit.active == "active" && unit.sub == "running";
    match unit.active.as_str() {
        _ if !unit.installed => (Paint::Yellow, "no unit".to_owned()),
        _ if running => (Paint::Plain, unit.sub.clone()),
        "failed" => (Paint::Red, "failed".to_owned()),
        "inactive" => (Paint::Dim, "inactive".to_owned()),
        // `active/exited` says that nobody watches a process.
        "active" => (Paint::Yellow, format!("active/{}", unit.sub)),
        // `auto-restart`, `stop-sigterm`: what it is about to become needs no second word.
        _ => (Paint::Yellow, unit.sub.clone()),
    }
}
