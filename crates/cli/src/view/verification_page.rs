//! The page of `mosaic fleet verify`: first what fails for several agents at once, then one line per agent for checks that
//! passed, and the evidence and advice for those that did not.

use mosaic_probe::verify::{Cause, Check, CheckName, Status, Verification};
use mosaic_terminal::{Line, Paint, Style, paragraph};

use super::status_mark;

/// Below this width in columns, the evidence goes below the name of the check instead of beside it.
const NARROW: usize = 60;

/// Lays out the checks of the whole fleet, those of each agent, and the verdict.
pub(crate) fn verification_page(verification: &Verification, verbose: bool, style: &Style) -> Vec<Line> {
    let mut lines = Vec::new();
    let shared: Vec<&Cause> = verification.causes.iter().filter(|cause| is_shared(cause)).collect();
    for cause in &shared {
        lines.extend(shared_cause(cause, style));
    }
    if !shared.is_empty() {
        lines.push(Line::default());
    }
    let agents = verification.checks.iter().map(|check| check.agent.as_deref());
    let mut seen = Vec::new();
    for agent in agents {
        if !seen.contains(&agent) {
            seen.push(agent);
        }
    }
    seen.sort_by_key(Option::is_some);
    for agent in seen {
        // What a shared cause explains is not repeated for each agent.
        let is_explained = |agent: &str| {
            let mut causes =
                verification.causes.iter().filter(|cause| cause.agents.iter().any(|of| of == agent)).peekable();
            causes.peek().is_some() && causes.all(is_shared)
        };
        if !verbose && agent.is_some_and(is_explained) {
            continue;
        }
        let checks: Vec<&Check> = verification.checks.iter().filter(|check| check.agent.as_deref() == agent).collect();
        let group = Group {
            title: agent.unwrap_or("the fleet"),
            checks,
            is_stopped: agent.is_some_and(|agent| verification.stopped.iter().any(|stopped| stopped == agent)),
        };
        lines.extend(group.lines(verification, verbose, style));
    }
    lines.push(Line::default());
    lines.extend(verdict(verification, style));
    lines
}

/// Whether a cause affects several agents.
fn is_shared(cause: &Cause) -> bool {
    cause.agents.len() > 1
}

/// A cause, the agents that it affects, and what to do.
fn shared_cause(cause: &Cause, style: &Style) -> Vec<Line> {
    let first = status_mark(Status::Fail).line(style).with(Paint::Bold, &format!("{} agents: ", cause.agents.len()));
    let mut lines = paragraph(&first, Paint::Plain, &cause.summary, style.columns);
    let agents = format!("{} ({} failed checks)", cause.agents.join(", "), cause.failed_checks);
    lines.extend(paragraph(&Line::default().space(4), Paint::Dim, &agents, style.columns));
    let arrow = Line::default().space(4).with(Paint::Cyan, style.arrow()).space(1);
    // The advice names the first agent; for a command that takes several, the others are added.
    let all = cause.agents.join(" ");
    let advice = match cause.advice.split_once("mosaic fleet start ") {
        Some((before, after)) if after.split([';', ' ']).next() == cause.agents.first().map(String::as_str) => {
            let rest = after.strip_prefix(cause.agents[0].as_str()).unwrap_or_default();
            format!("{before}mosaic fleet start {all}{rest}")
        }
        _ => cause.advice.clone(),
    };
    lines.extend(paragraph(&arrow, Paint::Plain, &advice, style.columns));
    lines
}

/// The checks of one agent, or of the fleet as a whole.
struct Group<'a> {
    title: &'a str,
    checks: Vec<&'a Check>,
    /// The agent was stopped on request.
    is_stopped: bool,
}

impl Group<'_> {
    fn lines(mut self, verification: &Verification, verbose: bool, style: &Style) -> Vec<Line> {
        let stopped = self.checks.iter().find(|check| self.is_stopped && check.name == CheckName::Process);
        let stopped = stopped.map(|check| check.evidence.clone());
        if self.is_stopped && !verbose {
            self.checks.retain(|check| !check.name.needs_process());
        }
        // The cause precedes its consequences.
        let is_cause = |check: &Check| verification.causes.iter().any(|cause| cause.check == check.name);
        self.checks.sort_by_key(|check| check.status == Status::Pass || !is_cause(check));
        group(self.title, stopped.as_deref(), &self.checks, verbose, style)
    }
}

fn group(title: &str, stopped: Option<&str>, checks: &[&Check], verbose: bool, style: &Style) -> Vec<Line> {
    let count = |status| checks.iter().filter(|check| check.status == status).count();
    let required = |status| checks.iter().filter(|check| check.required && check.status == status).count();
    let worst = match (required(Status::Fail), required(Status::Unknown)) {
        (0, 0) => Status::Pass,
        (0, _) => Status::Unknown,
        _ => Status::Fail,
    };
    let mut heading = status_mark(worst)
        .line(style)
        .with(Paint::Bold, title)
        .with(Paint::Plain, &stopped.map(|stopped| format!("  {stopped};")).unwrap_or_default())
        .with(Paint::Dim, &format!("  {} of {} checks passed", count(Status::Pass), checks.len()));
    if !verbose && count(Status::Pass) == checks.len() {
        let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
        let condensed = heading.clone().with(Paint::Dim, &format!(": {}", names.join(", ")));
        heading = if condensed.width() <= style.columns { condensed } else { heading };
    }
    let mut lines = vec![heading.truncate(style.columns, style.ellipsis())];
    for check in checks.iter().filter(|check| verbose || check.status != Status::Pass) {
        lines.extend(row(check, style));
    }
    lines
}

fn row(check: &Check, style: &Style) -> Vec<Line> {
    let name = format!("{:<16} ", check.name);
    let first = Line::default().space(2).append(status_mark(check.status).line(style)).with(Paint::Plain, &name);
    let optional = if check.required { "" } else { " (not required)" };
    let evidence = format!("{}{optional}", check.evidence);
    let (mut lines, beside) =
        if style.columns < NARROW { (vec![first], Line::default().space(4)) } else { (Vec::new(), first) };
    let indent = beside.width();
    lines.extend(paragraph(&beside, Paint::Plain, &evidence, style.columns));
    if !check.advice.is_empty() {
        let arrow = Line::default().space(indent).with(Paint::Cyan, style.arrow()).space(1);
        lines.extend(paragraph(&arrow, Paint::Plain, &check.advice, style.columns));
    }
    lines
}

fn verdict(verification: &Verification, style: &Style) -> Vec<Line> {
    let count = |status| verification.checks.iter().filter(|check| check.required && check.status == status).count();
    let Verification { tenant, host, .. } = verification;
    let required = |count| format!("{count} required check{}", if count == 1 { "" } else { "s" });
    let (status, text) = match (verification.passed, count(Status::Fail), count(Status::Unknown)) {
        (true, ..) => (Status::Pass, format!("verified: {} passed", required(count(Status::Pass)))),
        (false, 0, unknown) => (Status::Unknown, format!("not verified: {} could not be completed", required(unknown))),
        (false, failed, 0) => (Status::Fail, format!("not verified: {} failed", required(failed))),
        (false, failed, unknown) => {
            (Status::Fail, format!("not verified: {} failed, and {unknown} could not be completed", required(failed)))
        }
    };
    let mark = status_mark(status);
    let text = format!("{text} (the fleet of {tenant} on {host})");
    paragraph(&mark.line(style), mark.paint(), &text, style.columns)
}

#[cfg(test)]
mod tests {
    use super::verification_page;
    use crate::view::{Style, render};
    use mosaic_probe::verify::{Cause, Check, CheckName, Status, Verification};

    fn check(name: CheckName, agent: Option<&str>, status: Status, required: bool) -> Check {
        let (evidence, advice) = match status {
            Status::Pass => ("as expected", ""),
            Status::Fail => ("the pane's process 18960 has ended with code 7", "mosaic fleet restart coder1"),
            Status::Unknown => ("the user manager did not answer within 2 s", "systemctl --user status"),
        };
        let agent = agent.map(str::to_owned);
        Check { name, agent, status, required, evidence: evidence.to_owned(), advice: advice.to_owned(), command: None }
    }

    fn verification() -> Verification {
        let checks = vec![
            check(CheckName::Roster, None, Status::Pass, true),
            check(CheckName::Holder, None, Status::Pass, true),
            check(CheckName::Session, Some("coder0"), Status::Pass, true),
            check(CheckName::Process, Some("coder0"), Status::Pass, true),
            check(CheckName::Session, Some("coder1"), Status::Pass, true),
            check(CheckName::Process, Some("coder1"), Status::Fail, true),
            check(CheckName::UnitActive, Some("coder1"), Status::Unknown, true),
            check(CheckName::Linger, None, Status::Fail, false),
        ];
        let observed_at = "2026-11-20T14:58:08Z".parse().unwrap();
        Verification {
            schema: 1,
            host: "w1".to_owned(),
            tenant: "jarvis".to_owned(),
            observed_at,
            passed: false,
            causes: Vec::new(),
            stopped: Vec::new(),
            checks,
        }
    }

    #[test]
    fn failed_checks_have_evidence_and_advice_and_passed_checks_share_a_line() {
        for columns in [40, 100] {
            let style = Style { columns, color: false, ascii: false };
            let page = render(&verification_page(&verification(), false, &style), &style);
            insta::assert_snapshot!(format!("checks_{columns}"), page);
        }
    }

    #[test]
    fn a_cause_that_agents_share_is_shown_once_and_first() {
        let mut shared = verification();
        shared.checks.push(check(CheckName::Session, Some("coder2"), Status::Fail, true));
        shared.causes = vec![Cause {
            check: CheckName::Runtime,
            summary: "pi is not in /usr/bin:/bin".to_owned(),
            agents: vec!["coder1".to_owned(), "coder2".to_owned()],
            advice: "npm install -g pi; mosaic fleet install; mosaic fleet start coder1".to_owned(),
            command: None,
            failed_checks: 3,
        }];
        let style = Style { columns: 100, color: false, ascii: false };
        insta::assert_snapshot!(render(&verification_page(&shared, false, &style), &style));
    }

    #[test]
    fn the_checks_of_a_stopped_agent_that_do_not_apply_are_not_counted() {
        let mut stopped = verification();
        stopped.checks.retain(|check| check.agent.as_deref() == Some("coder0"));
        stopped.checks.iter_mut().for_each(|check| check.evidence = "stopped by jarvis at 14:57:00".to_owned());
        stopped.checks.push(check(CheckName::UnitEnabled, Some("coder0"), Status::Pass, true));
        stopped.stopped = vec!["coder0".to_owned()];
        let style = Style { columns: 100, color: false, ascii: true };
        let page = render(&verification_page(&stopped, false, &style), &style);
        assert!(
            page.contains("coder0  stopped by jarvis at 14:57:00;  1 of 1 checks passed: unit-enabled\n"),
            "{page}"
        );
    }

    #[test]
    fn the_check_that_shows_the_cause_precedes_its_consequences() {
        let mut looping = verification();
        looping.checks.retain(|check| check.agent.as_deref() == Some("coder1"));
        looping.checks.push(check(CheckName::Restarts, Some("coder1"), Status::Fail, true));
        looping.causes = vec![Cause {
            check: CheckName::Restarts,
            summary: "started 11 times in 3 min".to_owned(),
            agents: vec!["coder1".to_owned()],
            advice: "mosaic agent logs coder1".to_owned(),
            command: None,
            failed_checks: 2,
        }];
        let style = Style { columns: 100, color: false, ascii: true };
        let page = render(&verification_page(&looping, false, &style), &style);
        assert!(page.find("restarts") < page.find("process  "), "{page}");
    }

    #[test]
    fn verbose_output_has_a_line_per_check() {
        let style = Style { columns: 100, color: false, ascii: false };
        insta::assert_snapshot!(render(&verification_page(&verification(), true, &style), &style));
    }
}
