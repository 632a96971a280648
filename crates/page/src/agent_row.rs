//! The rows of an agent in the table. Each cell can be replaced on its own.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, PreEscaped, html};
use mosaic_probe::snapshot::{
    ActivitySource, AgentSnapshot, AttentionReason, Class, Condition, HeartbeatHealth, SourceName,
};
use mosaic_terminal::format_bytes;

use crate::activity::{activity_cell, attach};
use crate::advice::copyable;
use crate::agent_group::AgentGroup;
use crate::sparkline::sparkline;
use crate::view::{View, span};

/// The number of cells that can be replaced.
pub(crate) const CELLS: usize = 9;

/// The suffixes of the cells' element ids. The last cell is the row of details.
const SUFFIXES: [char; CELLS] = ['n', 'c', 'a', 'h', 'b', 'o', 's', 'u', 'd'];

/// The rendered rows of one agent.
#[derive(Debug)]
pub(crate) struct AgentRow {
    /// The element id.
    pub(crate) id: String,
    cells: [Markup; CELLS],
}

impl AgentRow {
    /// Renders an agent.
    pub(crate) fn new(agent: &AgentSnapshot, view: &View<'_>) -> Self {
        let id = agent_id(&agent.name);
        let named = |cell: usize| format!("{id}.{}", SUFFIXES[cell]);
        let cells = [
            name(agent, &named(0)),
            condition(agent, &named(1)),
            activity_cell(agent, &named(2), view),
            html! { td id=(named(3)) { (sparkline(&view.history.agent(&agent.name, view.now), view.now)) } },
            heartbeat(agent, &named(4), view),
            html! { td id=(named(5)) { (known(output(agent, view))) } },
            starts(agent, &named(6), view),
            usage(agent, &named(7)),
            html! { td id=(named(8)) colspan="9" { (details(agent, view)) } },
        ];
        Self { id, cells }
    }

    /// The element id and the markup of each cell.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (String, &Markup)> {
        SUFFIXES.iter().zip(&self.cells).map(|(suffix, cell)| (format!("{}.{suffix}", self.id), cell))
    }

    /// The markup of each cell.
    pub(crate) fn markups(&self) -> [&str; CELLS] {
        self.cells.each_ref().map(|cell| cell.0.as_str())
    }

    /// The complete rows. The details are a row of their own, as wide as the table.
    pub(crate) fn markup(&self) -> Markup {
        let [cells @ .., details] = &self.cells;
        html! {
            tbody id=(self.id) {
                tr { @for cell in cells { (cell) } td { details { summary { "more" } } } }
                tr.more { (details) }
            }
        }
    }
}

fn name(agent: &AgentSnapshot, id: &str) -> Markup {
    let kind = [agent.runtime.as_deref(), agent.class.as_ref().map(Class::as_str)].into_iter().flatten();
    let kind = kind.collect::<Vec<_>>().join(" · ");
    html! { th id=(id) scope="row" { (agent.name) @if !kind.is_empty() { small { (kind) } } } }
}

fn condition(agent: &AgentSnapshot, id: &str) -> Markup {
    let condition = agent.condition.as_str();
    html! {
        td id=(id) class=(condition) {
            b { (condition) }
            @if let Some(reason) = &agent.reason { small { (reason) } }
            @if !agent.drift.is_empty() {
                small.drift { @for (at, kind) in agent.drift.iter().enumerate() { @if at > 0 { ", " } (kind) } }
            }
        }
    }
}

fn heartbeat(agent: &AgentSnapshot, id: &str, view: &View<'_>) -> Markup {
    let beat = &agent.heartbeat;
    let (class, health) = match beat.health {
        HeartbeatHealth::Healthy => (None, None),
        // An agent that was stopped has no sidecar.
        HeartbeatHealth::Stale if agent.condition == Condition::Stopped => (None, None),
        HeartbeatHealth::Stale => (Some("late"), Some("stale")),
        // The cell shows a dash already if the heartbeat is missing.
        HeartbeatHealth::Unknown => (None, beat.ts.as_ref().map(|_| "unknown")),
    };
    html! {
        td id=(id) class=[class] {
            (known(view.ages.render(beat.ts)))
            @if let Some(health) = health { small { (health) } }
        }
    }
}

fn output(agent: &AgentSnapshot, view: &View<'_>) -> Option<Markup> {
    view.ages.render(agent.session.as_ref()?.last_output)
}

fn starts(agent: &AgentSnapshot, id: &str, view: &View<'_>) -> Markup {
    let beat = &agent.heartbeat;
    html! {
        td id=(id) {
            (known(beat.starts.map(|starts| html! { (starts) })))
            @if let Some(exit) = beat.last_exit.as_ref().or(beat.exit.as_ref()) {
                small { (exit) @if let Some(age) = view.ages.render(beat.last_exit_at) { ", " (age) " ago" } }
            }
        }
    }
}

fn usage(agent: &AgentSnapshot, id: &str) -> Markup {
    let Some(usage) = agent.usage else { return html! { td id=(id) { (unknown()) } } };
    let cpu = Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default();
    html! {
        td id=(id) {
            (format_bytes(usage.memory_bytes)) small { (span(cpu.as_secs())) " CPU · " (usage.tasks) (if usage.tasks == 1 { " task" } else { " tasks" }) }
        }
    }
}

fn known(text: Option<Markup>) -> Markup {
    text.unwrap_or_else(unknown)
}

/// The mark of an unknown value, which differs from zero.
fn unknown() -> Markup {
    PreEscaped("–".to_owned())
}

/// The list of details behind "more", in the terms of `mosaic fleet ps`.
fn details(agent: &AgentSnapshot, view: &View<'_>) -> Markup {
    html! {
        dl {
            dt { "session" } dd { (join(&session_details(agent, view))) }
            dt { "unit" } dd { (join(&unit_details(agent, view))) }
            dt { "heartbeat" } dd { (join(&heartbeat_details(agent))) }
            @if let Some(activity) = &agent.activity {
                @if activity.source == ActivitySource::Screen { dt { "activity" } dd { "read from the screen" } }
                @if let Some(task) = &activity.task { dt { "task" } dd { (task) } }
                @if let Some(model) = &activity.model { dt { "model" } dd { (model) } }
            }
            @if matches!(AgentGroup::from_agent(agent), AgentGroup::NeedsAttention(AttentionReason::Blocked | AttentionReason::Silent)) {
                dt { "attach" } dd { (copyable(&attach(agent))) }
            }
        }
    }
}

fn session_details(agent: &AgentSnapshot, view: &View<'_>) -> Vec<Markup> {
    let Some(session) = &agent.session else { return vec![html! { "unknown: tmux did not answer" }] };
    if !session.exists {
        return vec![html! { "none" }];
    }
    let parts = [
        session.pane_id.as_ref().map(|pane| html! { "pane " (pane) }),
        session.pane_dead.filter(|dead| *dead).map(|_| html! { "dead" }),
        session.pane_pid.map(|pid| html! { "pid " (pid) }),
        session.command.as_ref().map(|command| html! { "running " (command) }),
        view.ages.render(session.process_since).map(|age| html! { "for " (age) }),
    ];
    parts.into_iter().flatten().collect()
}

fn unit_details(agent: &AgentSnapshot, view: &View<'_>) -> Vec<Markup> {
    let Some(unit) = &agent.unit else {
        let is_known =
            view.snapshot.direct || view.snapshot.sources.get(&SourceName::Systemd).is_some_and(|report| report.ok);
        return vec![html! { (if is_known { "none" } else { "unknown: the user manager did not answer" }) }];
    };
    let parts = [
        Some(html! { (unit.name) " " (unit.active) " (" (unit.sub) ")" }),
        view.ages.render(unit.since).map(|age| html! { "for " (age) }),
        (!unit.installed).then(|| html! { "not installed" }),
        unit.enabled.map(|enabled| html! { (if enabled { "enabled" } else { "not enabled" }) }),
    ];
    parts.into_iter().flatten().collect()
}

fn heartbeat_details(agent: &AgentSnapshot) -> Vec<Markup> {
    let beat = &agent.heartbeat;
    let health = match beat.health {
        // An agent that was stopped has no sidecar that could write another one.
        HeartbeatHealth::Healthy | HeartbeatHealth::Stale if agent.condition == Condition::Stopped => "final",
        HeartbeatHealth::Healthy => "healthy",
        HeartbeatHealth::Stale => "stale",
        HeartbeatHealth::Unknown => "unknown",
    };
    let parts = [
        Some(html! { (health) }),
        beat.reason.as_ref().map(|reason| html! { (reason) }),
        beat.interval_ms.map(|interval| html! { "every " (span(interval / 1000)) }),
        beat.status.as_ref().map(|status| html! { "status " (status) }),
        beat.exit.as_ref().map(|exit| html! { "exit " (exit) }),
        beat.pid.map(|pid| html! { "pid " (pid) }),
        beat.sidecar.map(|pid| html! { "sidecar " (pid) }),
    ];
    parts.into_iter().flatten().collect()
}

fn join(parts: &[Markup]) -> Markup {
    html! { @for (index, part) in parts.iter().enumerate() { @if index > 0 { ", " } (part) } }
}

/// The element id of an agent. It is unique for every name of an agent or a session.
pub(crate) fn agent_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 2);
    id.push_str("a-");
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') {
            id.push(letter);
        } else {
            // An id has no spaces, and the full stop separates the suffix of a cell.
            let _ = write!(id, ":{:x}:", u32::from(letter));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::agent_id;

    #[test]
    fn different_names_have_different_element_ids() {
        assert_eq!(agent_id("coder-0_a"), "a-coder-0_a");
        assert_eq!(agent_id("a b.c"), "a-a:20:b:2e:c");
        assert_ne!(agent_id("a b"), agent_id("a:20:b"));
    }
}
