//! What else is known of an agent: in the words of `ps`.

use maud::{Markup, html};
use mosaic_probe::snapshot::{ActivitySource, AgentSnapshot, Attention, HeartbeatHealth, SourceName};

use crate::activity_cell::attach;
use crate::ages::span;
use crate::command::copyable;
use crate::need::Need;
use crate::view::View;

/// The list behind "more".
pub(crate) fn details(agent: &AgentSnapshot, view: &View<'_>) -> Markup {
    html! {
        dl {
            dt { "session" } dd { (parts(&session(agent, view))) }
            dt { "unit" } dd { (parts(&unit(agent, view))) }
            dt { "heartbeat" } dd { (parts(&heartbeat(agent))) }
            @if let Some(activity) = &agent.activity {
                @if activity.source == ActivitySource::Screen { dt { "activity" } dd { "seen on its screen" } }
                @if let Some(task) = &activity.task { dt { "task" } dd { (task) } }
                @if let Some(model) = &activity.model { dt { "model" } dd { (model) } }
            }
            @if matches!(Need::of(agent), Need::Of(Attention::Blocked | Attention::Silent)) {
                dt { "look at it" } dd { (copyable(&attach(agent))) }
            }
        }
    }
}

fn session(agent: &AgentSnapshot, view: &View<'_>) -> Vec<Markup> {
    let Some(session) = &agent.session else { return vec![html! { "unknown: tmux could not be asked" }] };
    if !session.exists {
        return vec![html! { "none" }];
    }
    let parts = [
        session.pane_id.as_ref().map(|pane| html! { "pane " (pane) }),
        session.pane_dead.filter(|dead| *dead).map(|_| html! { "dead" }),
        session.pane_pid.map(|pid| html! { "pid " (pid) }),
        session.command.as_ref().map(|command| html! { "running " (command) }),
        view.ages.of(session.process_since.as_deref()).map(|age| html! { "for " (age) }),
    ];
    parts.into_iter().flatten().collect()
}

fn unit(agent: &AgentSnapshot, view: &View<'_>) -> Vec<Markup> {
    let Some(unit) = &agent.unit else {
        let asked =
            view.snapshot.direct || view.snapshot.sources.get(&SourceName::Systemd).is_some_and(|report| report.ok);
        return vec![html! { (if asked { "none" } else { "unknown: the user manager could not be asked" }) }];
    };
    let parts = [
        Some(html! { (unit.name) " " (unit.active) " (" (unit.sub) ")" }),
        view.ages.of(unit.since.as_deref()).map(|age| html! { "for " (age) }),
        (!unit.installed).then(|| html! { "not installed" }),
        unit.enabled.map(|enabled| html! { (if enabled { "enabled" } else { "not enabled" }) }),
    ];
    parts.into_iter().flatten().collect()
}

fn heartbeat(agent: &AgentSnapshot) -> Vec<Markup> {
    let beat = &agent.heartbeat;
    let health = match beat.health {
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
        beat.pid.map(|pid| html! { "of pid " (pid) }),
        beat.sidecar.map(|pid| html! { "sidecar " (pid) }),
    ];
    parts.into_iter().flatten().collect()
}

fn parts(parts: &[Markup]) -> Markup {
    html! { @for (at, part) in parts.iter().enumerate() { @if at > 0 { ", " } (part) } }
}
