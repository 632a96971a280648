//! A card per agent with everything that the snapshot has of it: `mosaic agent status`.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_probe::attention_advice;
use mosaic_probe::snapshot::{
    ActivitySnapshot, ActivitySource, AgentSnapshot, Condition, EndSnapshot, HeartbeatHealth, Snapshot, SourceName,
};
use mosaic_terminal::{Line, Paint, Style, elapsed, format_bytes, format_duration, paragraph};

use super::condition_mark;

/// Lays out one card per agent.
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
    let mark = condition_mark(agent.condition);
    let title = mark.line(style).with(Paint::Bold, &agent.name).space(1).with(mark.paint(), agent.condition.as_str());
    let mut lines = vec![title.truncate(style.columns, style.ellipsis())];
    for (name, text) in fields(agent, snapshot) {
        let first = Line::default().space(2).with(Paint::Dim, &format!("{name:<10}")).space(1);
        lines.extend(paragraph(&first, Paint::Plain, &text, style.columns));
    }
    lines
}

fn fields(agent: &AgentSnapshot, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let now = snapshot.observed_at;
    let read = |source| snapshot.sources.get(&source).is_some_and(|report| report.ok);
    let since = |then: Option<Timestamp>| then.map(|then| format_duration(elapsed(then, now)));
    let mut fields = Vec::new();
    if let Some(reason) = &agent.reason {
        fields.push(("reason", reason.clone()));
    }
    if let (Some(runtime), Some(class)) = (&agent.runtime, &agent.class) {
        fields.push(("agent", format!("{runtime}, {class}")));
    }
    fields.push(("session", session(agent, &since)));
    fields.push(("unit", unit(agent, snapshot.direct || read(SourceName::Systemd), &since)));
    fields.push(("heartbeat", heartbeat(agent)));
    if let Some(end) = &agent.last_end {
        fields.push(("last end", last_end(end, &since)));
        let has_text = |line: &&String| !line.trim().is_empty();
        // What a running agent printed before its last end is in 'mosaic agent logs'.
        if agent.condition != Condition::Up {
            fields.extend(end.lines.iter().filter(has_text).map(|line| ("", line.clone())));
        }
    }
    if let Some(activity) = &agent.activity {
        fields.push(("activity", activity_text(activity, &since)));
        fields.extend(attention_advice(agent).map(|advice| ("needs", format!("{}; {}", advice.detail, advice.advice))));
    }
    if let Some(usage) = agent.usage {
        let cpu = Duration::try_from_secs_f64(usage.cpu_seconds).unwrap_or_default();
        let (memory, cpu) = (format_bytes(usage.memory_bytes), format_duration(cpu));
        let tasks = if usage.tasks == 1 { "task" } else { "tasks" };
        fields.push(("usage", format!("{memory} of memory, {cpu} of CPU time, {} {tasks}", usage.tasks)));
    }
    if !agent.drift.is_empty() {
        let kinds: Vec<&str> = agent.drift.iter().map(|kind| kind.as_str()).collect();
        fields.push(("drift", kinds.join(", ")));
    }
    fields
}

fn last_end(end: &EndSnapshot, since: &dyn Fn(Option<Timestamp>) -> Option<String>) -> String {
    let ran = Duration::try_from_secs_f64(end.seconds).unwrap_or_default();
    join([
        Some(end.verdict.clause()),
        end.requested_by.as_ref().map(|by| format!("asked by {by}")),
        since(Some(end.at)).map(|since| format!("{since} ago")),
        Some(format!("after {}", format_duration(ran))),
    ])
}

fn activity_text(activity: &ActivitySnapshot, since: &dyn Fn(Option<Timestamp>) -> Option<String>) -> String {
    join([
        Some(activity.state.to_string()),
        since(Some(activity.since)).map(|since| format!("for {since}")),
        since(activity.silent_since).map(|since| format!("silent for {since}")),
        activity.task.as_ref().map(|task| format!("task: {task}")),
        activity.model.as_ref().map(|model| format!("model {model}")),
        (activity.source == ActivitySource::Screen).then(|| "seen on its screen".to_owned()),
    ])
}

fn session(agent: &AgentSnapshot, since: &dyn Fn(Option<Timestamp>) -> Option<String>) -> String {
    let Some(session) = &agent.session else { return "unknown: tmux could not be queried".to_owned() };
    if !session.exists {
        return "none".to_owned();
    }
    join([
        session.pane_id.as_ref().map(|pane| format!("pane {pane}")),
        session.pane_dead.unwrap_or(false).then(|| "dead".to_owned()),
        session.pane_pid.map(|pid| format!("pid {pid}")),
        session.command.as_ref().map(|command| format!("running {command}")),
        since(session.process_since).map(|since| format!("for {since}")),
        since(session.last_output).map(|since| format!("last output {since} ago")),
    ])
}

fn unit(agent: &AgentSnapshot, known: bool, since: &dyn Fn(Option<Timestamp>) -> Option<String>) -> String {
    let Some(unit) = &agent.unit else {
        return if known { "none" } else { "unknown: the user manager could not be queried" }.to_owned();
    };
    let enabled = unit.enabled.map(|enabled| if enabled { "enabled" } else { "not enabled" }.to_owned());
    join([
        Some(format!("{} {} ({})", unit.name, unit.active, unit.sub)),
        since(unit.since).map(|since| format!("for {since}")),
        (!unit.installed).then(|| "not installed".to_owned()),
        enabled,
    ])
}

fn heartbeat(agent: &AgentSnapshot) -> String {
    let heartbeat = &agent.heartbeat;
    let health = match heartbeat.health {
        // An agent that was stopped has no sidecar that could write another one.
        HeartbeatHealth::Healthy | HeartbeatHealth::Stale if agent.condition == Condition::Stopped => "final",
        HeartbeatHealth::Healthy => "healthy",
        HeartbeatHealth::Stale => "stale",
        HeartbeatHealth::Unknown => "unknown",
    };
    let millis = |millis: u64| format_duration(Duration::from_millis(millis));
    join([
        Some(health.to_owned()),
        heartbeat.reason.clone(),
        heartbeat.age_ms.map(|age| format!("{} old", millis(age))),
        heartbeat.interval_ms.map(|interval| format!("every {}", millis(interval))),
        heartbeat.status.map(|status| format!("status {status}")),
        heartbeat.exit.map(|exit| format!("exit {exit}")),
        heartbeat.pid.map(|pid| format!("pid {pid}")),
        heartbeat.sidecar.map(|pid| format!("sidecar {pid}")),
        heartbeat.starts.map(|starts| format!("start {starts}")),
    ])
}

fn join<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{EndSnapshot, agent_cards};
    use crate::view::{Style, render, test_fleet};

    #[test]
    fn the_card_of_an_agent_that_is_down_has_its_last_end_and_lines() {
        let mut fleet = test_fleet::fleet();
        fleet.agents.retain(|agent| agent.name == "coder1");
        fleet.agents[0].last_end = Some(EndSnapshot {
            at: "2026-11-20T11:59:00Z".parse().unwrap(),
            verdict: "code:1".parse().unwrap(),
            seconds: 13.0,
            generation: 11,
            requested_by: None,
            lines: vec!["connecting".to_owned(), String::new(), "no such account".to_owned()],
        });
        let style = Style { columns: 100, color: false, ascii: false };
        let card = render(&agent_cards(&fleet, &style), &style);
        let lines: Vec<&str> = card.lines().collect();
        let at = lines.iter().position(|line| line.starts_with("  last end   exited with code 1, ")).unwrap();
        assert!(lines[at].ends_with(" ago, after 13s"), "{card}");
        assert_eq!(lines[at + 1..at + 3], ["             connecting", "             no such account"], "{card}");
    }

    #[test]
    fn every_agent_has_a_card() {
        for columns in [60, 140] {
            let style = Style { columns, color: false, ascii: false };
            insta::assert_snapshot!(
                format!("cards_{columns}"),
                render(&agent_cards(&test_fleet::fleet(), &style), &style)
            );
        }
    }
}
