//! All of `mosaic fleet ps --prometheus` on one page: pure.

#[cfg(test)]
mod tests;

use mosaic_probe::snapshot::{Condition, WaitingFor};

use super::host_heading::host_heading;
use super::table::Cell;
use super::units::{bytes, seconds};
use super::wrap::{flow, paragraph};
use super::{Column, Line, Paint, Style, Table};
use crate::prometheus::{HostsSnapshot, Need, RemoteAgent};

/// A summary, then each host with its agents: whoever needs a person is above.
pub(crate) fn hosts_page(snapshot: &HostsSnapshot, style: &Style) -> Vec<Line> {
    let fitted = |line: Line| line.fit(style.columns, style.ellipsis());
    let mut lines: Vec<Line> = flow(summary(snapshot), style.dot(), style.columns).into_iter().map(fitted).collect();
    if snapshot.hosts.is_empty() {
        let said = "it knows of no fleet: does it scrape mosaic-fleet-exporter, on this tenant?";
        lines.extend(paragraph(&Line::default(), Paint::Yellow, said, style.columns));
        return lines;
    }
    lines.push(Line::default());
    let mut table = Table::new(columns());
    for (nth, host) in snapshot.hosts.iter().enumerate() {
        if nth > 0 {
            table.across(Line::default());
        }
        for line in host_heading(host, style) {
            table.across(line);
        }
        for agent in &host.agents {
            table.row(cells(agent, style));
        }
    }
    lines.extend(table.lay_out(style));
    lines
}

fn summary(snapshot: &HostsSnapshot) -> Vec<Line> {
    let hosts = &snapshot.hosts;
    let agents = hosts.iter().map(|host| host.agents.len()).sum::<usize>();
    let up = hosts.iter().map(|host| host.count(Condition::Up)).sum::<usize>();
    let needing = hosts.iter().flat_map(|host| &host.agents).filter(|agent| agent.need() > Need::Starting).count();
    let silent = hosts.iter().filter(|host| !host.current).count();
    let mut parts = vec![
        Line::of(Paint::Bold, "fleets ").with(Paint::Dim, &format!("of {}", snapshot.prometheus)),
        Line::of(Paint::Dim, &counted(hosts.len(), "host")),
        Line::of(if up == agents { Paint::Green } else { Paint::Bold }, &format!("{up} of {agents} up")),
    ];
    if needing > 0 {
        let verb = if needing == 1 { "needs" } else { "need" };
        parts.push(Line::of(Paint::Yellow, &format!("{needing} {verb} a person")));
    }
    if silent > 0 {
        parts.push(Line::of(Paint::Red, &format!("{} not seen", counted(silent, "host"))));
    }
    parts
}

fn columns() -> [Column; 10] {
    [
        Column::left("CONDITION"),
        Column::left("AGENT"),
        Column::left("RUNTIME").dispensable(6),
        Column::left("CLASS").dispensable(8),
        Column::left("ACTIVITY"),
        Column::right("BEAT").dispensable(2),
        Column::right("OUTPUT").dispensable(3),
        Column::right("STARTS").dispensable(5),
        Column::right("CPU").dispensable(7),
        Column::right("MEMORY").dispensable(4),
    ]
}

fn cells(agent: &RemoteAgent, style: &Style) -> [Cell; 10] {
    let known = |text: Option<String>| text.map_or((Paint::Dim, "-".to_owned()), |text| (Paint::Plain, text));
    let condition = agent.condition;
    [
        (condition.into(), format!("{} {condition}", style.condition_mark(condition))),
        (Paint::Bold, agent.name.clone()),
        known(agent.runtime.clone()),
        known(agent.class.clone()),
        activity(agent),
        known(agent.heartbeat_age_seconds.map(seconds)),
        known(agent.last_output_age_seconds.map(seconds)),
        known(agent.starts.map(|starts| starts.to_string())),
        known(agent.cpu_seconds.map(seconds)),
        known(agent.memory_bytes.map(bytes)),
    ]
}

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
    let since = silent.or(activity.for_seconds).map_or_else(String::new, |since| format!(" {}", seconds(since)));
    (paint, format!("{word}{waiting_for}{since}"))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
