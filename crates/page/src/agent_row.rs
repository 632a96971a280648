//! An agent's row: its cells, each of which can change by itself.

use maud::{Markup, PreEscaped, html};
use mosaic_probe::snapshot::{AgentSnapshot, HeartbeatHealth};

use crate::activity_cell::activity_cell;
use crate::agent_details::details;
use crate::ages::span;
use crate::element_id::agent_id;
use crate::sizes::bytes;
use crate::sparkline::sparkline;
use crate::view::View;

/// How many cells of a row can change.
pub(crate) const CELLS: usize = 9;

/// What a cell of a row is named by; the last is the row below it.
const SUFFIXES: [char; CELLS] = ['n', 'c', 'a', 'h', 'b', 'o', 's', 'u', 'd'];

/// The rows of one agent.
#[derive(Debug)]
pub(crate) struct AgentRow {
    /// The element.
    pub(crate) id: String,
    cells: [Markup; CELLS],
}

impl AgentRow {
    /// What is shown of an agent.
    pub(crate) fn of(agent: &AgentSnapshot, view: &View<'_>) -> Self {
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

    /// Each cell, and the name of its element.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (String, &Markup)> {
        SUFFIXES.iter().zip(&self.cells).map(|(suffix, cell)| (format!("{}.{suffix}", self.id), cell))
    }

    /// What each cell says.
    pub(crate) fn texts(&self) -> [&str; CELLS] {
        self.cells.each_ref().map(|cell| cell.0.as_str())
    }

    /// All of it. What is behind "more" is a row of its own, as wide as the table.
    pub(crate) fn whole(&self) -> Markup {
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
    let kind = [&agent.runtime, &agent.class].map(Option::as_deref).into_iter().flatten();
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
        HeartbeatHealth::Stale => (Some("late"), Some("stale")),
        // "Unknown" twice says nothing more.
        HeartbeatHealth::Unknown => (None, beat.ts.as_ref().map(|_| "unknown")),
    };
    html! {
        td id=(id) class=[class] {
            (known(view.ages.of(beat.ts.as_deref())))
            @if let Some(health) = health { small { (health) } }
        }
    }
}

fn output(agent: &AgentSnapshot, view: &View<'_>) -> Option<Markup> {
    view.ages.of(agent.session.as_ref()?.last_output.as_deref())
}

fn starts(agent: &AgentSnapshot, id: &str, view: &View<'_>) -> Markup {
    let beat = &agent.heartbeat;
    html! {
        td id=(id) {
            (known(beat.starts.map(|starts| html! { (starts) })))
            @if let Some(exit) = beat.last_exit.as_ref().or(beat.exit.as_ref()) {
                small { (exit) @if let Some(age) = view.ages.of(beat.last_exit_at.as_deref()) { ", " (age) " ago" } }
            }
        }
    }
}

fn usage(agent: &AgentSnapshot, id: &str) -> Markup {
    let Some(usage) = agent.usage else { return html! { td id=(id) { (unknown()) } } };
    let cpu = std::time::Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default();
    html! {
        td id=(id) {
            (bytes(usage.memory_bytes)) small { (span(cpu.as_secs())) " CPU · " (usage.tasks) (if usage.tasks == 1 { " task" } else { " tasks" }) }
        }
    }
}

fn known(text: Option<Markup>) -> Markup {
    text.unwrap_or_else(unknown)
}

/// What is not known is not zero.
fn unknown() -> Markup {
    PreEscaped("–".to_owned())
}
