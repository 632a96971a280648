//! The page of `mosaic fleet ps --prometheus`: a summary, then each host with its agents.

#[cfg(test)]
mod tests;

use mosaic_probe::snapshot::{Condition, WaitingFor};
use mosaic_prometheus::{HostSnapshot, HostsSnapshot, RemoteAgent, Urgency};
use mosaic_terminal::{Cell, Column, Line, Mark, Paint, Style, Table, flow, format_bytes, format_seconds, paragraph};

use super::condition_mark;

/// Lays out the page. Hosts and agents are in the order of the snapshot, the most urgent first.
pub(crate) fn hosts_page(snapshot: &HostsSnapshot, style: &Style) -> Vec<Line> {
    let summary = flow(summary(snapshot), style.separator(), style.columns);
    let mut lines: Vec<Line> = summary.into_iter().map(|line| line.truncate(style.columns, style.ellipsis())).collect();
    if snapshot.hosts.is_empty() {
        let text = "no fleet found; check that this server (and tenant) scrapes mosaic-fleet-exporter";
        lines.extend(paragraph(&Line::default(), Paint::Yellow, text, style.columns));
        return lines;
    }
    lines.push(Line::default());
    let mut table = Table::new(columns());
    for (index, host) in snapshot.hosts.iter().enumerate() {
        if index > 0 {
            table.push_line(Line::default());
        }
        for line in heading(host, style) {
            table.push_line(line);
        }
        for agent in &host.agents {
            table.push_row(cells(agent, style));
        }
    }
    lines.extend(table.lay_out(style));
    lines
}

fn summary(snapshot: &HostsSnapshot) -> Vec<Line> {
    let hosts = &snapshot.hosts;
    let agents = hosts.iter().map(|host| host.agents.len()).sum::<usize>();
    let up = hosts.iter().map(|host| host.count(Condition::Up)).sum::<usize>();
    let urgent = hosts.iter().flat_map(|host| &host.agents).filter(|agent| agent.urgency() > Urgency::Starting).count();
    let not_current = hosts.iter().filter(|host| !host.current).count();
    let mut parts = vec![
        Line::new(Paint::Bold, "fleets ").with(Paint::Dim, &format!("of {}", snapshot.prometheus)),
        Line::new(Paint::Dim, &counted(hosts.len(), "host")),
        Line::new(if up == agents { Paint::Green } else { Paint::Bold }, &format!("{up} of {agents} up")),
    ];
    if urgent > 0 {
        let verb = if urgent == 1 { "needs" } else { "need" };
        parts.push(Line::new(Paint::Yellow, &format!("{urgent} {verb} a person")));
    }
    if not_current > 0 {
        parts.push(Line::new(Paint::Red, &format!("{} not seen", counted(not_current, "host"))));
    }
    parts
}

/// The lines above the agents of a host.
fn heading(host: &HostSnapshot, style: &Style) -> Vec<Line> {
    let parts = flow(heading_parts(host, style), style.separator(), style.columns.saturating_sub(2));
    let indented = parts.into_iter().enumerate();
    let mut lines: Vec<Line> =
        indented.map(|(index, line)| if index > 0 { Line::default().space(2).append(line) } else { line }).collect();
    for (source, _) in host.sources.iter().filter(|(_, source)| !source.ok) {
        let text = format!("{source} could not be read; run 'mosaic fleet ps' on that host");
        let mark = Line::default().space(4).append(Mark::Bad.line(style));
        lines.extend(paragraph(&mark, Paint::Red, &text, style.columns));
    }
    lines
}

fn heading_parts(host: &HostSnapshot, style: &Style) -> Vec<Line> {
    let name = host.host.as_deref().unwrap_or(&host.instance);
    let mut title =
        if host.current { Line::new(Paint::Bold, name) } else { Mark::Bad.line(style).with(Paint::Red, name) };
    if let Some(tenant) = &host.tenant {
        title = title.with(Paint::Dim, &format!(" of {tenant}"));
    }
    let mut parts = vec![title];
    if host.host.is_some() {
        parts.push(Line::new(Paint::Dim, &host.instance));
    }
    let seen = match host.sample_age_seconds.map(format_seconds) {
        Some(age) => format!("seen {age} ago"),
        // Its names are known for a day, but its age only if it was scraped for a while.
        None if host.host.is_some() => "seen less than a day ago".to_owned(),
        None => "not seen for a day".to_owned(),
    };
    parts.push(match (host.current, host.up) {
        (true, _) => Line::new(Paint::Dim, &seen),
        (false, Some(false)) => Line::new(Paint::Red, &format!("exporter down, {seen}")),
        (false, _) => Line::new(Paint::Red, &format!("no samples, {seen}")),
    });
    for condition in Condition::ALL {
        let (count, all) = (host.count(condition), host.agents.len());
        match condition {
            Condition::Up if host.current => {
                let paint = if count == all { Paint::Green } else { Paint::Bold };
                parts.push(Line::new(paint, &format!("{count} of {all} up")));
            }
            _ if count > 0 => {
                parts.push(Line::new(condition_mark(condition).paint(), &format!("{count} {condition}")));
            }
            _ => {}
        }
    }
    if !host.drift.is_empty() {
        let kinds: Vec<String> = host.drift.iter().map(|drift| format!("{} {}", drift.count, drift.kind)).collect();
        parts.push(Line::new(Paint::Yellow, &format!("drift: {}", kinds.join(", "))));
    }
    if host.verified == Some(false) {
        parts.push(Line::new(Paint::Yellow, "not verified"));
    }
    parts
}

fn columns() -> [Column; 10] {
    [
        Column::left("CONDITION"),
        Column::left("AGENT"),
        Column::left("RUNTIME").optional(6),
        Column::left("CLASS").optional(8),
        Column::left("ACTIVITY"),
        Column::right("BEAT").optional(2),
        Column::right("OUTPUT").optional(3),
        Column::right("STARTS").optional(5),
        Column::right("CPU").optional(7),
        Column::right("MEMORY").optional(4),
    ]
}

fn cells(agent: &RemoteAgent, style: &Style) -> [Cell; 10] {
    let known = |text: Option<String>| text.map_or((Paint::Dim, "-".to_owned()), |text| (Paint::Plain, text));
    let mark = condition_mark(agent.condition);
    [
        (mark.paint(), format!("{} {}", mark.symbol(style), agent.condition)),
        (Paint::Bold, agent.name.clone()),
        known(agent.runtime.clone()),
        known(agent.class.clone()),
        activity(agent),
        known(agent.heartbeat_age_seconds.map(format_seconds)),
        known(agent.last_output_age_seconds.map(format_seconds)),
        known(agent.starts.map(|starts| starts.to_string())),
        known(agent.cpu_seconds.map(format_seconds)),
        known(agent.memory_bytes.map(format_bytes)),
    ]
}

/// The activity, what a waiting agent waits for, and the duration, such as `waiting: login 40m10s`.
fn activity(agent: &RemoteAgent) -> Cell {
    let Some(activity) = &agent.activity else { return (Paint::Dim, "-".to_owned()) };
    let barred = matches!(activity.waiting_for, Some(WaitingFor::Login | WaitingFor::UsageLimit));
    let silent = agent.silent_for();
    let (paint, word) = match activity.state.as_str() {
        "blocked" => (Paint::Red, "blocked"),
        "waiting" if barred => (Paint::Red, "waiting"),
        "waiting" => (Paint::Yellow, "waiting"),
        _ if silent.is_some() => (Paint::Yellow, "silent"),
        other => (Paint::Plain, other),
    };
    let waiting_for = activity.waiting_for.filter(|waiting_for| *waiting_for != WaitingFor::Other);
    let waiting_for = waiting_for.map_or_else(String::new, |what| format!(": {}", what.as_str().replace('-', " ")));
    let since = silent.or(activity.for_seconds).map_or_else(String::new, |since| format!(" {}", format_seconds(since)));
    (paint, format!("{word}{waiting_for}{since}"))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
