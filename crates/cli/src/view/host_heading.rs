//! What stands above a host's agents: whose fleet it is, how it is, and what nobody could see.

use mosaic_probe::snapshot::Condition;

use super::units::seconds;
use super::wrap::{flow, paragraph};
use super::{Line, Paint, Style};
use crate::prometheus::HostSnapshot;

/// The lines above its agents.
pub(super) fn host_heading(host: &HostSnapshot, style: &Style) -> Vec<Line> {
    let parts = flow(parts(host, style), style.dot(), style.columns.saturating_sub(2)).into_iter().enumerate();
    let mut lines: Vec<Line> =
        parts.map(|(nth, line)| if nth > 0 { Line::default().space(2).and(line) } else { line }).collect();
    for fault in faults(host) {
        let mark = Line::default().space(4).with(Paint::Red, style.condition_mark(Condition::Dead)).space(1);
        lines.extend(paragraph(&mark, Paint::Red, &fault, style.columns));
    }
    lines
}

fn parts(host: &HostSnapshot, style: &Style) -> Vec<Line> {
    let name = host.host.as_deref().unwrap_or(&host.instance);
    let mut title = if host.current {
        Line::of(Paint::Bold, name)
    } else {
        Line::of(Paint::Red, style.condition_mark(Condition::Dead)).space(1).with(Paint::Red, name)
    };
    if let Some(tenant) = &host.tenant {
        title = title.with(Paint::Dim, &format!(" of {tenant}"));
    }
    let mut parts = vec![title];
    if host.host.is_some() {
        parts.push(Line::of(Paint::Dim, &host.instance));
    }
    let seen = match host.sample_age_seconds.map(seconds) {
        Some(age) => format!("seen {age} ago"),
        None => "not seen for a day".to_owned(),
    };
    parts.push(match (host.current, host.up) {
        (true, _) => Line::of(Paint::Dim, &seen),
        (false, Some(false)) => Line::of(Paint::Red, &format!("exporter down, {seen}")),
        (false, _) => Line::of(Paint::Red, &format!("tells nothing, {seen}")),
    });
    for condition in Condition::ALL {
        let (count, all) = (host.count(condition), host.agents.len());
        match condition {
            Condition::Up if host.current => {
                let paint = if count == all { Paint::Green } else { Paint::Bold };
                parts.push(Line::of(paint, &format!("{count} of {all} up")));
            }
            _ if count > 0 => parts.push(Line::of(condition.into(), &format!("{count} {condition}"))),
            _ => {}
        }
    }
    if !host.drift.is_empty() {
        let kinds: Vec<String> = host.drift.iter().map(|drift| format!("{} {}", drift.count, drift.kind)).collect();
        parts.push(Line::of(Paint::Yellow, &format!("drift: {}", kinds.join(", "))));
    }
    if host.verified == Some(false) {
        parts.push(Line::of(Paint::Yellow, "not verified"));
    }
    parts
}

fn faults(host: &HostSnapshot) -> impl Iterator<Item = String> {
    let failed = host.sources.iter().filter(|(_, source)| !source.ok);
    failed.map(|(name, _)| format!("{name} could not be read; 'mosaic fleet ps' on that host says why"))
}
