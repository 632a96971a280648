//! All that is known of each agent, one below the other: pure.

use std::time::Duration;

use mosaic_probe::plea;
use mosaic_probe::snapshot::{ActivitySnapshot, ActivitySource, AgentSnapshot, HeartbeatHealth, Snapshot, SourceName};

use super::units::{age, bytes, duration};
use super::wrap::paragraph;
use super::{Line, Paint, Style};

/// A card an agent.
pub(crate) fn agent_cards(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = Vec::new();
    for agent in &snapshot.agents {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(card(agent, snapshot, style));
    }
    lines
}

fn card(agent: &AgentSnapshot, snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let condition = agent.condition;
    let title = Line::of(condition.into(), style.condition_mark(condition))
        .space(1)
        .with(Paint::Bold, &agent.name)
        .space(1)
        .with(condition.into(), condition.as_str());
    let mut lines = vec![title.fit(style.columns, style.ellipsis())];
    for (name, text) in facts(agent, snapshot) {
        let first = Line::default().space(2).with(Paint::Dim, &format!("{name:<10}")).space(1);
        lines.extend(paragraph(&first, Paint::Plain, &text, style.columns));
    }
    lines
}

fn facts(agent: &AgentSnapshot, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let now = snapshot.observed_at.as_str();
    let asked = |source| snapshot.sources.get(&source).is_some_and(|report| report.ok);
    let ago = |then: &Option<String>| then.as_deref().and_then(|then| age(then, now)).map(duration);
    let mut facts = Vec::new();
    if let Some(reason) = &agent.reason {
        facts.push(("why", reason.clone()));
    }
    if let (Some(runtime), Some(class)) = (&agent.runtime, &agent.class) {
        facts.push(("agent", format!("{runtime}, {class}")));
    }
    facts.push(("session", session(agent, &ago)));
    facts.push(("unit", unit(agent, snapshot.direct || asked(SourceName::Systemd), &ago)));
    facts.push(("heartbeat", heartbeat(agent)));
    if let Some(activity) = &agent.activity {
        facts.push(("doing", activity_text(activity, &ago)));
        facts.extend(plea(agent).map(|plea| ("needs", format!("{}; {}", plea.why, plea.to_do))));
    }
    if let Some(usage) = agent.usage {
        let cpu = Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default();
        facts.push((
            "usage",
            format!("{} of memory, {} of CPU, {} tasks", bytes(usage.memory_bytes), duration(cpu), usage.tasks),
        ));
    }
    if !agent.drift.is_empty() {
        let kinds: Vec<&str> = agent.drift.iter().map(|kind| kind.as_str()).collect();
        facts.push(("drift", kinds.join(", ")));
    }
    facts
}

fn activity_text(activity: &ActivitySnapshot, ago: &dyn Fn(&Option<String>) -> Option<String>) -> String {
    let parts = [
        Some(activity.state.clone()),
        ago(&Some(activity.since.clone())).map(|ago| format!("for {ago}")),
        ago(&activity.silent_since).map(|ago| format!("silent for {ago}")),
        activity.task.as_ref().map(|task| format!("task: {task}")),
        activity.model.as_ref().map(|model| format!("model {model}")),
        (activity.source == ActivitySource::Screen).then(|| "seen on its screen".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn session(agent: &AgentSnapshot, ago: &dyn Fn(&Option<String>) -> Option<String>) -> String {
    let Some(session) = &agent.session else { return "unknown: tmux could not be asked".to_owned() };
    if !session.exists {
        return "none".to_owned();
    }
    let dead = session.pane_dead.unwrap_or(false).then(|| "dead".to_owned());
    let parts = [
        session.pane_id.as_ref().map(|pane| format!("pane {pane}")),
        dead,
        session.pane_pid.map(|pid| format!("pid {pid}")),
        session.command.as_ref().map(|command| format!("running {command}")),
        ago(&session.process_since).map(|ago| format!("for {ago}")),
        ago(&session.last_output).map(|ago| format!("last output {ago} ago")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn unit(agent: &AgentSnapshot, asked: bool, ago: &dyn Fn(&Option<String>) -> Option<String>) -> String {
    let Some(unit) = &agent.unit else {
        return if asked { "none" } else { "unknown: the user manager could not be asked" }.to_owned();
    };
    let enabled = unit.enabled.map(|enabled| if enabled { "enabled" } else { "not enabled" }.to_owned());
    let parts = [
        Some(format!("{} {} ({})", unit.name, unit.active, unit.sub)),
        ago(&unit.since).map(|ago| format!("for {ago}")),
        (!unit.installed).then(|| "not installed".to_owned()),
        enabled,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn heartbeat(agent: &AgentSnapshot) -> String {
    let beat = &agent.heartbeat;
    let health = match beat.health {
        HeartbeatHealth::Healthy => "healthy",
        HeartbeatHealth::Stale => "stale",
        HeartbeatHealth::Unknown => "unknown",
    };
    let millis = |millis: u64| duration(Duration::from_millis(millis));
    let parts = [
        Some(health.to_owned()),
        beat.reason.clone(),
        beat.age_ms.map(|age| format!("{} old", millis(age))),
        beat.interval_ms.map(|interval| format!("every {}", millis(interval))),
        beat.status.as_ref().map(|status| format!("status {status}")),
        beat.exit.as_ref().map(|exit| format!("exit {exit}")),
        beat.pid.map(|pid| format!("of pid {pid}")),
        beat.sidecar.map(|pid| format!("sidecar {pid}")),
        beat.starts.map(|starts| format!("start {starts}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::agent_cards;
    use crate::view::{Style, render, test_fleet};

    #[test]
    fn every_agent_has_a_card() {
        for columns in [60, 140] {
            let style = Style { columns, colour: false, ascii: false };
            insta::assert_snapshot!(
                format!("cards_{columns}"),
                render(&agent_cards(&test_fleet::fleet(), &style), &style)
            );
        }
    }
}
