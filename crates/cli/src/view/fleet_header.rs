//! What stands above the table of agents: whose fleet it is, how it is, and what nobody could see.

use mosaic_probe::snapshot::{Attention, Condition, HolderSnapshot, Snapshot, SourceName};

use super::units::{age, duration};
use super::wrap::{flow, paragraph};
use super::{Line, Paint, Style};

/// The lines above the table.
pub(super) fn fleet_header(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = flow(place(snapshot), style.dot(), style.columns);
    lines.extend(flow(counts(snapshot), style.dot(), style.columns));
    lines = lines.into_iter().map(|line| line.fit(style.columns, style.ellipsis())).collect();
    if snapshot.direct {
        let said = "no systemd user manager here: the fleet was started directly, and nobody starts an agent again";
        lines.extend(paragraph(&Line::default(), Paint::Dim, said, style.columns));
    }
    for (name, report) in &snapshot.sources {
        let needless = snapshot.direct && *name == SourceName::Systemd;
        if !(report.ok || needless) {
            let mark = Line::of(Paint::Red, style.condition_mark(Condition::Dead)).space(1);
            let why = report.error.as_deref().unwrap_or("it could not be read");
            // A roster's error is several lines, with the spot shown; those go to standard error.
            let why = format!("{}: {}", name.as_str(), why.lines().next().unwrap_or_default());
            lines.extend(paragraph(&mark, Paint::Red, &why, style.columns));
        }
    }
    lines
}

fn place(snapshot: &Snapshot) -> Vec<Line> {
    let Snapshot { host, tenant, socket, .. } = snapshot;
    let holder = holder(&snapshot.holder, &snapshot.observed_at);
    let paint = if snapshot.holder.up == Some(true) { Paint::Dim } else { Paint::Red };
    vec![
        Line::of(Paint::Bold, "fleet ").with(Paint::Dim, &format!("of {tenant} on {host}")),
        Line::of(Paint::Dim, &format!("socket {socket}")),
        Line::of(paint, &holder),
    ]
}

fn holder(holder: &HolderSnapshot, now: &str) -> String {
    let pid = holder.pid.map_or(String::new(), |pid| format!(", pid {pid}"));
    let since = holder.since.as_deref().and_then(|since| age(since, now));
    let since = since.map_or(String::new(), |since| format!(", for {}", duration(since)));
    match holder.up {
        Some(true) => format!("holder up{pid}{since}"),
        Some(false) => "no holder".to_owned(),
        None => "holder unknown".to_owned(),
    }
}

fn counts(snapshot: &Snapshot) -> Vec<Line> {
    let all = snapshot.managed().count();
    let up = snapshot.count(Condition::Up);
    let known = snapshot.sources.get(&SourceName::Roster).is_none_or(|roster| roster.ok);
    let mut parts = vec![match known {
        true if up == all => Line::of(Paint::Green, &format!("{up} of {all} up")),
        true => Line::of(Paint::Bold, &format!("{up} of {all} up")),
        false => Line::of(Paint::Red, "which agents there should be is not known"),
    }];
    for condition in Condition::ALL.into_iter().filter(|condition| *condition != Condition::Up) {
        let count = snapshot.count(condition);
        if count > 0 {
            parts.push(Line::of(condition.into(), &format!("{count} {condition}")));
        }
    }
    for (attention, paint, words) in [
        (Attention::Waiting, Paint::Yellow, "waiting for a person"),
        (Attention::Blocked, Paint::Red, "blocked"),
        (Attention::Silent, Paint::Yellow, "silent"),
    ] {
        let count = snapshot.managed().filter(|agent| agent.attention() == Some(attention)).count();
        if count > 0 {
            parts.push(Line::of(paint, &format!("{count} {words}")));
        }
    }
    match snapshot.drift.len() {
        0 => {}
        1 => parts.push(Line::of(Paint::Yellow, "1 drift item")),
        drift => parts.push(Line::of(Paint::Yellow, &format!("{drift} drift items"))),
    }
    parts
}
