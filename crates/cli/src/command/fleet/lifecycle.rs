//! `mosaic fleet start`, `stop` and `restart`, and the output of every command that starts or stops agents.

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{
    ActionReport, FailureKind, LifecycleAction, LifecycleEvent, LifecycleExecutor, Outcome, Reporter, Scope, Subject,
};
use mosaic_probe::verify::Status;
use mosaic_terminal::paragraph;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgents, Seconds};
use crate::view::{Line, Paint, Style, print_json_outcome, print_notice, print_outcome, status_mark};

/// Start agents, and wait until they run
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet start\n  mosaic fleet start coder0 coder1 --timeout 20")]
pub(crate) struct Start {
    #[command(flatten)]
    arguments: LifecycleArgs,
}

/// Stop agents
///
/// Without arguments, stop every agent and then the tmux server.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet stop\n  mosaic fleet stop coder0 coder1 --timeout 20")]
pub(crate) struct Stop {
    #[command(flatten)]
    arguments: LifecycleArgs,
}

/// Restart agents, and wait until they run
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet restart\n  mosaic fleet restart coder0 coder1 --timeout 20")]
pub(crate) struct Restart {
    #[command(flatten)]
    arguments: LifecycleArgs,
}

#[derive(Args, Clone, Debug)]
struct LifecycleArgs {
    #[command(flatten)]
    agents: NamedAgents,

    /// How long to wait for the agents
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    timeout: Seconds,

    #[command(flatten)]
    json: JsonArg,
}

impl Start {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.arguments.run(context, LifecycleAction::Start)
    }
}

impl Stop {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.arguments.run(context, LifecycleAction::Stop)
    }
}

impl Restart {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.arguments.run(context, LifecycleAction::Restart)
    }
}

impl LifecycleArgs {
    fn run(&self, context: &Context, action: LifecycleAction) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let scope = self.agents.checked(&roster)?.map_or(Scope::All, Scope::Agents);
        let names = roster.agents.iter().map(|agent| agent.name.as_str());
        let mut printer = LifecyclePrinter::new(context.style, action, self.json.enabled, names);
        LifecycleExecutor::new(&context.fleet, &roster, &mut printer)?.run(
            action,
            &scope,
            self.timeout.0,
            &mut printer,
        )?;
        Ok(printer.finish())
    }
}

/// Prints the reports of an action: one line as soon as each agent is done, or one JSON document at the end.
#[derive(Debug)]
pub(super) struct LifecyclePrinter {
    style: Style,
    action: LifecycleAction,
    json: bool,
    /// The width of the column with names.
    width: usize,
    reports: Vec<ActionReport>,
    /// The refusals, which precede all other results: each reason with the agents that share it.
    refused: Vec<(String, Vec<String>)>,
}

/// The JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionJson<'a> {
    schema: u32,
    order: &'a str,
    ok: bool,
    holder: Option<ReportJson<'a>>,
    agents: Vec<ReportJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportJson<'a> {
    name: &'a str,
    ok: bool,
    outcome: &'a str,
    reason: Option<&'a str>,
    seconds: f64,
}

impl LifecyclePrinter {
    /// `names` are the agents that are expected, for the width of their column.
    pub(super) fn new<'a>(
        style: Style,
        action: LifecycleAction,
        json: bool,
        names: impl Iterator<Item = &'a str>,
    ) -> Self {
        let width = names.map(str::len).max().unwrap_or_default().max(Subject::Holder.name().len());
        Self { style, action, json, width, reports: Vec::new(), refused: Vec::new() }
    }

    /// Prints the JSON document, and returns 0 if the action succeeded for all agents, 75 if only other commands on the
    /// same agents prevented that, the code of the failure if all failures are of one kind, else 1.
    pub(super) fn finish(mut self) -> ExitCode {
        self.print_refused();
        let ok = self.reports.iter().all(|report| report.result.is_ok());
        if self.json {
            let (holder, agents) = self.reports.iter().partition::<Vec<_>, _>(|one| one.subject == Subject::Holder);
            print_json_outcome(&ActionJson {
                schema: 1,
                order: self.action.as_str(),
                ok,
                holder: holder.last().map(|report| report_json(report)),
                agents: agents.into_iter().map(report_json).collect(),
            });
        }
        exit_code(&self.reports)
    }
}

impl LifecyclePrinter {
    /// Prints each reason for a refusal once: many agents often lack the same program.
    fn print_refused(&mut self) {
        for (reason, agents) in std::mem::take(&mut self.refused) {
            let lines = refusal_lines(&reason, &agents, self.width, &self.style);
            print_outcome(&lines.iter().map(|line| line.render(self.style.color) + "\n").collect::<String>());
        }
    }
}

impl Reporter for LifecyclePrinter {
    fn report(&mut self, event: LifecycleEvent) {
        let LifecycleEvent::Finished(report) = event else { return print_lifecycle_note(&event) };
        match &report.result {
            _ if self.json => {}
            Err(failure) if failure.kind != FailureKind::Failed => {
                let name = report.subject.name().to_owned();
                match self.refused.iter_mut().find(|(reason, _)| *reason == failure.reason) {
                    Some((_, agents)) => agents.push(name),
                    None => self.refused.push((failure.reason.clone(), vec![name])),
                }
            }
            _ => print_outcome(&(report_line(&report, self.width, &self.style).render(self.style.color) + "\n")),
        }
        self.reports.push(report);
    }
}

impl Drop for LifecyclePrinter {
    /// An action that is given up half-way does not finish.
    fn drop(&mut self) {
        self.print_refused();
    }
}

fn exit_code(reports: &[ActionReport]) -> ExitCode {
    let failed = || reports.iter().filter(|report| report.result.is_err());
    let all_are =
        |kind| reports.iter().filter_map(|report| report.result.as_ref().err()).all(|failure| failure.kind == kind);
    match failed().next() {
        None => ExitCode::Ok,
        Some(_) if failed().all(|report| report.superseded) => ExitCode::Busy,
        Some(_) if all_are(FailureKind::Configuration) => ExitCode::Configuration,
        Some(_) if all_are(FailureKind::Unavailable) => ExitCode::Unavailable,
        Some(_) => ExitCode::CheckFailed,
    }
}

/// Prints an event other than a report to standard error.
pub(crate) fn print_lifecycle_note(event: &LifecycleEvent) {
    match event {
        LifecycleEvent::DirectMode { reason } => print_notice(&format!(
            "NOTE: {reason}; agents are started and stopped directly, and are not restarted when they end"
        )),
        LifecycleEvent::UnlistedAgentsUnknown { reason } => {
            print_notice(&format!(
                "NOTE: agents that are neither in the roster nor have a unit cannot be found: {reason}"
            ));
        }
        LifecycleEvent::SocketReopened { path } => print_notice(&format!(
            "NOTE: the socket {} of the tmux server was removed; the server has opened it again",
            path.display()
        )),
        LifecycleEvent::SocketUnreachable { reason } => {
            print_notice(&format!("WARNING: the tmux server of the agents cannot be reached: {reason}"));
        }
        LifecycleEvent::EnvFileWritten { path } => print_notice(&format!(
            "NOTE: {} was missing or differed from the roster, and was written from the roster",
            path.display()
        )),
        LifecycleEvent::SessionsEnd { sessions } => print_notice(&format!(
            "NOTE: the tmux server also has sessions that belong to no agent, and they end with it: {}",
            sessions.join(", ")
        )),
        LifecycleEvent::StopRecordFailed { reason } => {
            print_notice(&format!("NOTE: whether an agent is stopped on request cannot be recorded: {reason}"));
        }
        LifecycleEvent::LauncherOutput { line } => print_notice(line),
        LifecycleEvent::NotRestarted(agents) => {
            let names: Vec<&str> = agents.iter().map(mosaic_domain::AgentName::as_str).collect();
            print_notice(&format!("NOTE: not restarted: {}", names.join(", ")));
        }
        LifecycleEvent::Finished(_) => {}
    }
}

fn report_line(report: &ActionReport, width: usize, style: &Style) -> Line {
    let status = if report.result.is_ok() { Status::Pass } else { Status::Fail };
    let name = format!("{:width$}", report.subject.name());
    // Not truncated, because a failure ends with the command that shows more.
    status_mark(status).line(style).with(Paint::Bold, &name).space(2).with(Paint::Plain, &report_text(report))
}

/// The lines of a refusal: its agents by name, or their number and then their names.
fn refusal_lines(reason: &str, agents: &[String], width: usize, style: &Style) -> Vec<Line> {
    let (title, names) = match agents {
        [agent] => (agent.clone(), None),
        agents => (format!("{} agents", agents.len()), Some(agents.join(", "))),
    };
    let first = status_mark(Status::Fail).line(style).with(Paint::Bold, &format!("{title:width$}")).space(2);
    // Not truncated, because the reason ends with the command that helps.
    let mut lines = vec![first.with(Paint::Plain, &format!("failed: {reason}"))];
    let below = names.map(|names| paragraph(&Line::default().space(4), Paint::Dim, &names, style.columns));
    lines.extend(below.into_iter().flatten());
    lines
}

fn report_text(report: &ActionReport) -> String {
    let seconds = report.duration.as_secs_f64();
    match &report.result {
        Ok(Outcome::Started) => format!("started in {seconds:.1} s"),
        Ok(Outcome::TakenOver) => "already running, and now supervised by systemd".to_owned(),
        Ok(Outcome::AlreadyRunning) => "already running".to_owned(),
        Ok(Outcome::Stopped) => format!("stopped in {seconds:.1} s"),
        Ok(Outcome::NotRunning) => "not running".to_owned(),
        Ok(Outcome::Restarted) => format!("restarted in {seconds:.1} s"),
        Err(why) => format!("failed: {why}"),
    }
}

fn report_json(report: &ActionReport) -> ReportJson<'_> {
    ReportJson {
        name: report.subject.name(),
        ok: report.result.is_ok(),
        outcome: report.result.as_ref().map_or("failed", |outcome| outcome.as_str()),
        reason: report.result.as_ref().err().map(|failure| failure.reason.as_str()),
        seconds: (report.duration.as_secs_f64() * 1000.0).round() / 1000.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{exit_code, refusal_lines};
    use crate::view::{Style, render};
    use mosaic_exit_code::ExitCode;
    use mosaic_lifecycle::{ActionReport, Outcome, Subject};
    use std::time::Duration;

    #[test]
    fn agents_that_share_a_reason_share_a_line() {
        let style = Style { columns: 40, color: false, ascii: true };
        let agents = |count| (1..=count).map(|nth| format!("coder{nth}")).collect::<Vec<_>>();
        let text = |count| render(&refusal_lines("no pi", &agents(count), 8, &style), &style);
        assert_eq!(text(1), "x coder1    failed: no pi\n");
        assert_eq!(text(6), "x 6 agents  failed: no pi\n    coder1, coder2, coder3, coder4,\n    coder5, coder6\n");
    }

    #[test]
    fn only_failures_for_which_another_command_is_the_cause_are_busy() {
        let report = |result: Result<Outcome, &str>, superseded| ActionReport {
            subject: Subject::Holder,
            result: result.map_err(|reason: &str| reason.to_owned().into()),
            duration: Duration::ZERO,
            superseded,
        };
        let (ok, failed, busy) =
            (report(Ok(Outcome::Started), false), report(Err("exit 7"), false), report(Err("canceled"), true));
        let table = [
            (vec![], ExitCode::Ok),
            (vec![ok.clone()], ExitCode::Ok),
            (vec![ok.clone(), busy.clone()], ExitCode::Busy),
            (vec![ok, busy, failed.clone()], ExitCode::CheckFailed),
            (vec![failed], ExitCode::CheckFailed),
        ];
        for (reports, expected) in table {
            assert_eq!(exit_code(&reports), expected, "{reports:?}");
        }
    }
}
