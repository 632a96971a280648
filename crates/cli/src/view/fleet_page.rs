//! The page of `mosaic fleet ps`: a header, the table of agents, and the drift.

use jiff::Timestamp;
use mosaic_probe::snapshot::{AttentionReason, Condition, DriftItem, HolderSnapshot, Snapshot, SourceName};
use mosaic_terminal::{Line, Mark, Paint, Style, elapsed, flow, format_duration, paragraph};

use super::agent_table::agent_table;
use super::condition_mark;

/// Lays out the page.
pub(crate) fn fleet_page(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = header(snapshot, style);
    if !snapshot.agents.is_empty() {
        lines.push(Line::default());
        lines.extend(agent_table(snapshot, style));
    }
    if !snapshot.drift.is_empty() {
        lines.push(Line::default());
        lines.extend(drift_list(&snapshot.drift, style));
    }
    lines
}

/// The fleet and its host, the counts, and the sources that could not be read.
fn header(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = flow(identity(snapshot), style.separator(), style.columns);
    lines.extend(flow(counts(snapshot), style.separator(), style.columns));
    lines = lines.into_iter().map(|line| line.truncate(style.columns, style.ellipsis())).collect();
    if snapshot.direct {
        let text = "started without a systemd user manager: agents that exit are not restarted";
        lines.extend(paragraph(&Line::default(), Paint::Dim, text, style.columns));
    }
    for (name, report) in &snapshot.sources {
        let needless = snapshot.direct && *name == SourceName::Systemd;
        if !(report.ok || needless) {
            let error = report.error.as_deref().unwrap_or("it could not be read");
            // The error of a roster has several lines and an excerpt; they go to standard error.
            let text = format!("{}: {}", name.as_str(), error.lines().next().unwrap_or_default());
            lines.extend(paragraph(&Mark::Bad.line(style), Paint::Red, &text, style.columns));
        }
    }
    lines
}

fn identity(snapshot: &Snapshot) -> Vec<Line> {
    let Snapshot { host, tenant, socket, .. } = snapshot;
    let holder = holder(&snapshot.holder, snapshot.observed_at);
    let is_calm = snapshot.holder.up == Some(true) || snapshot.holder.stopped;
    let paint = if is_calm { Paint::Dim } else { Paint::Red };
    vec![
        Line::new(Paint::Bold, "fleet ").with(Paint::Dim, &format!("of {tenant} on {host}")),
        Line::new(Paint::Dim, &format!("socket {socket}")),
        Line::new(paint, &holder),
    ]
}

fn holder(holder: &HolderSnapshot, now: Timestamp) -> String {
    let pid = holder.pid.map_or(String::new(), |pid| format!(", pid {pid}"));
    let since = holder.since.map_or(String::new(), |since| format!(", for {}", format_duration(elapsed(since, now))));
    match holder.up {
        Some(true) => format!("holder up{pid}{since}"),
        Some(false) if holder.stopped => "holder stopped".to_owned(),
        Some(false) => "no holder".to_owned(),
        None => "holder unknown".to_owned(),
    }
}

fn counts(snapshot: &Snapshot) -> Vec<Line> {
    let all = snapshot.managed().count();
    let up = snapshot.count(Condition::Up);
    let roster_read = snapshot.sources.get(&SourceName::Roster).is_none_or(|roster| roster.ok);
    let mut parts = vec![match roster_read {
        true if up + snapshot.count(Condition::Stopped) == all && up > 0 => {
            Line::new(Paint::Green, &format!("{up} of {all} up"))
        }
        true => Line::new(Paint::Bold, &format!("{up} of {all} up")),
        false => Line::new(Paint::Red, "the agents of the roster are not known"),
    }];
    for condition in Condition::ALL.into_iter().filter(|condition| *condition != Condition::Up) {
        let count = snapshot.count(condition);
        if count > 0 {
            parts.push(Line::new(condition_mark(condition).paint(), &format!("{count} {condition}")));
        }
    }
    for (attention, paint, words) in [
        (AttentionReason::Waiting, Paint::Yellow, "waiting for a person"),
        (AttentionReason::Blocked, Paint::Red, "blocked"),
        (AttentionReason::Silent, Paint::Yellow, "silent"),
    ] {
        let count = snapshot.managed().filter(|agent| agent.attention() == Some(attention)).count();
        if count > 0 {
            parts.push(Line::new(paint, &format!("{count} {words}")));
        }
    }
    match snapshot.drift.len() {
        0 => {}
        1 => parts.push(Line::new(Paint::Yellow, "1 drift item")),
        drift => parts.push(Line::new(Paint::Yellow, &format!("{drift} drift items"))),
    }
    parts
}

/// Every drift item, with the command that fixes it. Items that differ only in their subject are listed together.
fn drift_list(drift: &[DriftItem], style: &Style) -> Vec<Line> {
    let mut lines = vec![Line::new(Paint::Bold, "drift")];
    for items in alike(drift) {
        let subjects: Vec<&str> = items.iter().map(|item| item.subject.as_str()).collect();
        let first = Line::default().space(2).with(Paint::Yellow, items[0].kind.as_str()).space(1);
        match *items {
            [_] => lines.push(first.with(Paint::Bold, subjects[0]).truncate(style.columns, style.ellipsis())),
            _ => lines.extend(paragraph(&first, Paint::Bold, &subjects.join(", "), style.columns)),
        }
        lines.extend(paragraph(&Line::default().space(4), Paint::Plain, &items[0].detail, style.columns));
        // The subject is the last word of a command that takes several.
        let advice = match items[0].advice.strip_suffix(subjects[0]) {
            Some(command) if items.len() > 1 => format!("{command}{}", subjects.join(" ")),
            _ => items[0].advice.clone(),
        };
        if !advice.is_empty() {
            let arrow = Line::default().space(4).with(Paint::Cyan, style.arrow()).space(1);
            lines.extend(paragraph(&arrow, Paint::Plain, &advice, style.columns));
        }
    }
    lines
}

/// Groups items of the same kind and detail whose advice is one command with the subject as its last word.
fn alike(drift: &[DriftItem]) -> Vec<Vec<&DriftItem>> {
    let command = |item: &DriftItem| {
        let command = item.advice.strip_suffix(item.subject.as_str())?;
        (command.ends_with(' ') && !command.contains([',', ';'])).then(|| command.to_owned())
    };
    let mut groups: Vec<Vec<&DriftItem>> = Vec::new();
    for item in drift {
        let same = |group: &&mut Vec<&DriftItem>| {
            let first = group[0];
            first.kind == item.kind
                && first.detail == item.detail
                && command(item).is_some_and(|own| command(first) == Some(own))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::fleet_page;
    use crate::view::{Style, render, test_fleet};

    fn page(columns: usize, color: bool) -> String {
        let style = Style { columns, color, ascii: false };
        render(&fleet_page(&test_fleet::fleet(), &style), &style)
    }

    #[test]
    fn the_page_fits_terminals_of_every_width() {
        for columns in [40, 80, 120, 200] {
            insta::assert_snapshot!(format!("page_{columns}"), page(columns, false));
        }
    }

    #[test]
    fn the_text_is_the_same_with_and_without_color() {
        let colored = page(120, true);
        assert!(colored.contains("\x1b[1;31m✗ dead"), "{colored}");
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, page(120, false));
    }

    #[test]
    fn the_page_is_ascii_without_a_utf8_locale() {
        let style = Style { columns: 80, color: false, ascii: true };
        let page = render(&fleet_page(&test_fleet::fleet(), &style), &style);
        assert!(page.is_ascii(), "{page}");
        assert!(page.contains("x dead"), "{page}");
    }

    #[test]
    fn only_unbreakable_words_are_wider_than_the_terminal() {
        for columns in 40..200 {
            let style = Style { columns, color: false, ascii: false };
            for line in fleet_page(&test_fleet::fleet(), &style) {
                let text = line.render(false);
                assert!(line.width() <= columns || text.split_whitespace().count() == 1, "{columns}: {text}");
            }
        }
    }

    #[test]
    fn a_fleet_that_was_started_directly_has_no_systemd_error() {
        let mut fleet = test_fleet::fleet();
        let systemd = fleet.sources.get_mut(&mosaic_probe::snapshot::SourceName::Systemd).unwrap();
        systemd.ok = false;
        systemd.error = Some("no user manager is running".to_owned());
        let style = Style { columns: 120, color: false, ascii: false };
        let page = |fleet: &mosaic_probe::Snapshot| render(&fleet_page(fleet, &style), &style);
        assert!(page(&fleet).contains("✗ systemd: no user manager"), "{}", page(&fleet));
        fleet.direct = true;
        assert!(!page(&fleet).contains("✗ systemd"), "{}", page(&fleet));
        assert!(page(&fleet).contains("agents that exit are not restarted"), "{}", page(&fleet));
    }

    #[test]
    fn drift_that_differs_only_in_its_subject_is_listed_together() {
        let mut fleet = test_fleet::fleet();
        let item = |subject: &str, detail: &str| mosaic_probe::snapshot::DriftItem {
            kind: mosaic_probe::snapshot::DriftKind::SessionMissing,
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            advice: format!("mosaic fleet start {subject}"),
            command: None,
        };
        fleet.drift = vec![item("a", "gone"), item("b", "gone"), item("c", "never started"), item("d", "gone")];
        let style = Style { columns: 80, color: false, ascii: true };
        let page = render(&fleet_page(&fleet, &style), &style);
        let list = page.split("drift\n").last().unwrap();
        let expected = "  session-missing a, b, d\n    gone\n    -> mosaic fleet start a b d\n  session-missing c\n    \
                        never started\n    -> mosaic fleet start c\n";
        assert_eq!(list, expected);
    }

    #[test]
    fn a_snapshot_without_agents_still_makes_a_page() {
        let mut fleet = test_fleet::fleet();
        fleet.agents.clear();
        fleet.drift.clear();
        fleet.holder = mosaic_probe::snapshot::HolderSnapshot::default();
        let style = Style { columns: 120, color: false, ascii: false };
        insta::assert_snapshot!(render(&fleet_page(&fleet, &style), &style));
    }
}
