//! `mosaic fleet update`: updates programs by their own updaters, then relaunches their agents one at a time.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_probe::verify::Status;
use mosaic_update::{
    AgentOutcome, AgentReport, ProgramOutcome, ProgramReport, UpdateEvent, UpdateMode, UpdateReport, UpdateReporter,
    UpdateRequest, Verdict, update,
};

use super::lifecycle::print_lifecycle_note;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{HumanDuration, JsonArg, Seconds};
use crate::view::{Paint, Style, print, print_json, print_json_outcome, print_notice, status_mark};

/// Update the agents' programs, and relaunch the agents one at a time
///
/// Each program is updated by its own updater. Agents that run an older version are then relaunched: each when it is
/// idle, and after the one before it is up. The update stops at the first failure; the same command continues from
/// there. Agents that do not run are not started.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Update {
    /// The runtimes and agents [default: all agents of the roster]
    #[arg(id = "agents", value_name = "RUNTIME|AGENT")]
    names: Vec<String>,

    /// Show what would be done, and change nothing
    #[arg(long, conflicts_with_all = ["relaunch_only", "force"])]
    dry_run: bool,

    /// Run no updater, and only relaunch agents that run an older version than the installed one
    #[arg(long)]
    relaunch_only: bool,

    /// How long to wait for each agent to become idle, such as 90s, 10m or 2h
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    drain: HumanDuration,

    /// Relaunch an agent that is still busy after that; the work in progress is lost
    #[arg(long)]
    force: bool,

    /// How long each updater may take
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    timeout: Seconds,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet update --dry-run
  mosaic fleet update pi --drain 1h
  mosaic fleet update coder0 coder1
  mosaic fleet update --relaunch-only

Exit codes:
  0   the programs are up to date, and every agent that runs has the installed version
  1   an updater failed, an agent did not come up, or the update was interrupted
  64  a name is neither a runtime nor an agent of the roster
  69  a program is not installed
  75  an agent was busy for too long, or another update is running; try again later";

/// The number of lines of a failed updater's output that are shown.
const OUTPUT_LINES: usize = 20;

impl Update {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let request = UpdateRequest {
            names: self.names.clone(),
            mode: match (self.dry_run, self.relaunch_only) {
                (true, _) => UpdateMode::DryRun,
                (_, true) => UpdateMode::RelaunchOnly,
                _ => UpdateMode::Update,
            },
            drain_timeout: self.drain.0,
            force: self.force,
            updater_timeout: self.timeout.0,
        };
        let mut printer = UpdatePrinter::new(context.style, self.json.enabled);
        let report = update(&context.fleet, &request, &mut printer)?;
        match printer.print_error {
            // A dry run does nothing but print.
            Some(error) if self.dry_run => return Err(error),
            Some(error) => print_notice(&format!("NOTE: {error}; the exit code tells what was done")),
            None => {}
        }
        for note in notes(&report) {
            print_notice(&format!("NOTE: {note}"));
        }
        if self.json.enabled && self.dry_run {
            print_json(&report)?;
        } else if self.json.enabled {
            print_json_outcome(&report);
        }
        Ok(match report.verdict() {
            Verdict::Complete => ExitCode::Ok,
            Verdict::Failed => ExitCode::CheckFailed,
            Verdict::Busy => ExitCode::Busy,
        })
    }
}

/// Prints one line for each program and agent as soon as it is done, unless JSON follows at the end.
#[derive(Debug)]
struct UpdatePrinter {
    style: Style,
    json: bool,
    /// The width of the column with names.
    width: usize,
    print_error: Option<CommandError>,
}

impl UpdateReporter for UpdatePrinter {
    fn report(&mut self, event: UpdateEvent) {
        match event {
            UpdateEvent::Selected { runtimes, agents } => {
                let names = runtimes.iter().map(String::as_str).chain(agents.iter().map(AgentName::as_str));
                self.width = names.map(str::len).max().unwrap_or_default();
            }
            UpdateEvent::Program(report) => {
                let failed = matches!(report.outcome, ProgramOutcome::Failed | ProgramOutcome::Unmanaged);
                self.print_line(&report.runtime, !failed, &program_text(&report));
                if let Some(output) = &report.output {
                    print_output(output);
                }
            }
            UpdateEvent::Agent(report) => {
                let failed = matches!(report.outcome, AgentOutcome::Failed | AgentOutcome::Busy);
                // Agents that were not reached are listed in one note at the end.
                if report.outcome != AgentOutcome::Untouched || report.reason.is_some() {
                    self.print_line(&report.name, !failed, &agent_text(&report));
                }
            }
            UpdateEvent::WaitingForIdle { agent, reason, timeout } => {
                let seconds = timeout.as_secs();
                print_notice(&format!("NOTE: waiting up to {seconds} s until {agent} is idle: {reason}"));
            }
            UpdateEvent::WaitingForUpdater => print_notice(
                "NOTE: interrupted; waiting for the updater, so that it does not leave a broken program. Interrupt \
                 again to kill it",
            ),
            UpdateEvent::Lifecycle(event) => print_lifecycle_note(&event),
        }
    }
}

impl UpdatePrinter {
    fn new(style: Style, json: bool) -> Self {
        Self { style, json, width: 0, print_error: None }
    }

    fn print_line(&mut self, name: &str, passed: bool, text: &str) {
        if self.json || self.print_error.is_some() {
            return;
        }
        let status = if passed { Status::Pass } else { Status::Fail };
        let line = status_mark(status)
            .line(&self.style)
            .with(Paint::Bold, &format!("{name:width$}", width = self.width))
            .space(2)
            // Not truncated, because a failure ends with what to do.
            .with(Paint::Plain, text);
        self.print_error = print(&(line.render(self.style.color) + "\n")).err();
    }
}

/// Prints the end of an updater's output to standard error.
fn print_output(output: &str) {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(OUTPUT_LINES)..];
    print_notice(&last.iter().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n"));
}

fn program_text(report: &ProgramReport) -> String {
    let version = report.version.as_deref().unwrap_or("unknown version");
    let path = &report.path;
    let reason = report.reason.as_deref().unwrap_or_default();
    match report.outcome {
        ProgramOutcome::Updated => {
            format!("{} -> {version} in {:.1} s: {path}", report.before.as_deref().unwrap_or("?"), report.seconds)
        }
        ProgramOutcome::Same if report.reason.is_some() => format!("still {version}: {reason}"),
        ProgramOutcome::Same => format!("still {version}, the updater found no newer version: {path}"),
        ProgramOutcome::Kept => format!("{version}: {path}"),
        ProgramOutcome::Planned => {
            let note = report.reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
            format!("{version}, would be updated by: {}{note}", report.updater)
        }
        ProgramOutcome::Unmanaged => format!("{version}, not updated: {reason}"),
        ProgramOutcome::Failed => format!("failed: {reason}"),
    }
}

fn agent_text(report: &AgentReport) -> String {
    let after = |separator: &str| report.reason.as_ref().map(|why| format!("{separator}{why}")).unwrap_or_default();
    match report.outcome {
        AgentOutcome::Relaunched => format!("relaunched in {:.1} s, and up", report.seconds),
        AgentOutcome::Current => "runs the installed version".to_owned(),
        AgentOutcome::NotRunning => "not running, and not started".to_owned(),
        AgentOutcome::LeftOut => format!("skipped{}", after(": ")),
        AgentOutcome::Busy | AgentOutcome::Untouched => format!("not relaunched{}", after(": ")),
        AgentOutcome::Failed => format!("failed{}", after(": ")),
        AgentOutcome::Planned => format!("would be relaunched if the version changes{}", after("; ")),
        AgentOutcome::PlannedAnyway => {
            format!("would be relaunched, because it runs a version that is no longer installed{}", after("; "))
        }
    }
}

/// What to do after an update that is not complete.
fn notes(report: &UpdateReport) -> Vec<String> {
    let Some(resume_command) = &report.resume_command else { return Vec::new() };
    let mut notes = Vec::new();
    let untouched = report.agents.iter().filter(|agent| agent.outcome == AgentOutcome::Untouched);
    let untouched: Vec<&str> = untouched.map(|agent| agent.name.as_str()).collect();
    if !untouched.is_empty() {
        notes.push(format!("not relaunched: {}", untouched.join(", ")));
    }
    let failed = report.agents.iter().find(|agent| agent.outcome == AgentOutcome::Failed);
    for program in &report.programs {
        let runtime = &program.runtime;
        let broken = program.outcome == ProgramOutcome::Failed;
        let suspect = broken || failed.is_some_and(|agent| agent.program.as_ref() == Some(&program.path));
        match (&program.before, &program.rollback_command) {
            (Some(before), Some(command)) if suspect => notes.push(format!(
                "to return to {runtime} {before}: {command}; then: mosaic fleet update --relaunch-only {runtime}"
            )),
            (Some(before), None) if suspect => notes.push(format!(
                "the previous version of {runtime} was {before}; the command that installs it is not known"
            )),
            (None, Some(command)) if broken => notes.push(format!("if {runtime} no longer works: {command}")),
            _ => {}
        }
    }
    notes.push(format!("to continue: {resume_command}"));
    notes
}

#[cfg(test)]
mod tests {
    use super::{agent_text, notes};
    use mosaic_update::{AgentOutcome, AgentReport, ProgramOutcome, ProgramReport, UpdateReport};

    fn agent(name: &str, outcome: AgentOutcome, reason: Option<&str>) -> AgentReport {
        AgentReport {
            name: name.to_owned(),
            program: Some("/p/bin/pi".to_owned()),
            outcome,
            reason: reason.map(str::to_owned),
            seconds: 0.0,
        }
    }

    #[test]
    fn notes_of_a_failed_relaunch_name_the_way_back_and_the_way_on() {
        let program = ProgramReport {
            runtime: "pi".to_owned(),
            path: "/p/bin/pi".to_owned(),
            updater: "/p/bin/pi update --self".to_owned(),
            outcome: ProgramOutcome::Updated,
            before: Some("1.0".to_owned()),
            version: Some("2.0".to_owned()),
            reason: None,
            output: None,
            rollback_command: Some("npm install -g pi@1.0".to_owned()),
            seconds: 1.0,
        };
        let report = UpdateReport {
            schema: 1,
            dry_run: false,
            ok: false,
            interrupted: false,
            programs: vec![program],
            agents: vec![agent("a", AgentOutcome::Failed, Some("why")), agent("b", AgentOutcome::Untouched, None)],
            resume_command: Some("mosaic fleet update".to_owned()),
        };
        let expected = [
            "not relaunched: b",
            "to return to pi 1.0: npm install -g pi@1.0; then: mosaic fleet update --relaunch-only pi",
            "to continue: mosaic fleet update",
        ];
        assert_eq!(notes(&report), expected);
        assert!(notes(&UpdateReport { resume_command: None, ..report }).is_empty());
    }

    #[test]
    fn agents_are_described_with_their_reason() {
        let text = |outcome, reason| agent_text(&agent("a", outcome, reason));
        assert_eq!(text(AgentOutcome::Busy, Some("still busy: x")), "not relaunched: still busy: x");
        let planned = "would be relaunched if the version changes; it is idle now";
        assert_eq!(text(AgentOutcome::Planned, Some("it is idle now")), planned);
        assert_eq!(text(AgentOutcome::Current, None), "runs the installed version");
    }
}
