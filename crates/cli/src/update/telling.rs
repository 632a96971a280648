//! How an update is told: a line for each program and agent as it is done, or JSON at the end.

use mosaic_domain::ExitCode;
use mosaic_probe::verify::Status;

use super::report::{AgentOutcome, AgentReport, ProgramOutcome, ProgramReport, UpdateReport};
use crate::error::CommandError;
use crate::view::{Paint, Style, print, print_json, print_notice, status_mark};

/// Collects reports, and prints them.
#[derive(Debug)]
pub(super) struct Telling {
    style: Style,
    json: bool,
    /// The widest name that is to be expected.
    width: usize,
    report: UpdateReport,
    trouble: Option<CommandError>,
}

/// Of an updater that failed so much is shown.
const SHOWN: usize = 20;

impl Telling {
    /// One that has nothing to tell yet.
    pub(super) fn new<'a>(style: Style, json: bool, dry_run: bool, names: impl Iterator<Item = &'a str>) -> Self {
        let report = UpdateReport {
            schema: 1,
            dry_run,
            ok: true,
            interrupted: false,
            programs: Vec::new(),
            agents: Vec::new(),
            go_on: None,
        };
        Self { style, json, width: names.map(str::len).max().unwrap_or_default(), report, trouble: None }
    }

    /// Tells of a program.
    pub(super) fn program(&mut self, report: ProgramReport) {
        let failed = matches!(report.outcome, ProgramOutcome::Failed | ProgramOutcome::Unmanaged);
        self.line(&report.runtime, !failed, &program_text(&report));
        if let Some(output) = &report.output {
            let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
            let last = &lines[lines.len().saturating_sub(SHOWN)..];
            print_notice(&last.iter().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n"));
        }
        self.report.programs.push(report);
    }

    /// Tells of an agent.
    pub(super) fn agent(&mut self, report: AgentReport) {
        let failed = matches!(report.outcome, AgentOutcome::Failed | AgentOutcome::Busy);
        // Those that nothing happened to are named together.
        if report.outcome != AgentOutcome::Untouched || report.reason.is_some() {
            self.line(&report.name, !failed, &agent_text(&report));
        }
        self.report.agents.push(report);
    }

    /// What has become of the programs so far.
    pub(super) fn programs(&self) -> &[ProgramReport] {
        &self.report.programs
    }

    /// Tells what there is to tell at the end. `again` is the command that goes on.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn finish(mut self, interrupted: bool, again: &str) -> Result<ExitCode, CommandError> {
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        let code = exit_code(&self.report, interrupted);
        self.report.interrupted = interrupted;
        self.report.ok = code == ExitCode::Ok;
        if code != ExitCode::Ok && !self.report.dry_run {
            self.report.go_on = Some(again.to_owned());
            for note in notes(&self.report) {
                print_notice(&format!("NOTE: {note}"));
            }
        }
        if self.json {
            print_json(&self.report)?;
        }
        Ok(code)
    }

    fn line(&mut self, name: &str, passed: bool, text: &str) {
        if self.json || self.trouble.is_some() {
            return;
        }
        let status = if passed { Status::Pass } else { Status::Fail };
        let line = status_mark(status)
            .line(&self.style)
            .with(Paint::Bold, &format!("{name:width$}", width = self.width))
            .space(2)
            // Not cut: what is at its end is what to do.
            .with(Paint::Plain, text);
        self.trouble = print(&(line.render(self.style.color) + "\n")).err();
    }
}

fn program_text(report: &ProgramReport) -> String {
    let version = report.version.as_deref().unwrap_or("of no known version");
    let path = &report.path;
    let reason = report.reason.as_deref().unwrap_or_default();
    match report.outcome {
        ProgramOutcome::Updated => {
            format!("{} -> {version} in {:.1} s: {path}", report.before.as_deref().unwrap_or("?"), report.seconds)
        }
        ProgramOutcome::Same => format!("still {version}, its updater found nothing newer: {path}"),
        ProgramOutcome::Kept => format!("{version}: {path}"),
        ProgramOutcome::Planned => format!("{version}, would be updated by: {}", report.updater),
        ProgramOutcome::Unmanaged => format!("{version} is left as it is: {reason}"),
        ProgramOutcome::Failed => format!("failed: {reason}"),
    }
}

fn agent_text(report: &AgentReport) -> String {
    let reason = report.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match report.outcome {
        AgentOutcome::Relaunched => format!("relaunched in {:.1} s, and up", report.seconds),
        AgentOutcome::Current => "runs the program that is installed".to_owned(),
        AgentOutcome::NotRunning => "not running, and not started".to_owned(),
        AgentOutcome::LeftOut => format!("left out{reason}"),
        AgentOutcome::Busy => format!("not relaunched{reason}"),
        AgentOutcome::Failed => format!("failed{reason}"),
        AgentOutcome::Untouched => format!("as before{reason}"),
        AgentOutcome::Planned => format!("would be relaunched if the version changes{reason}"),
        AgentOutcome::PlannedAnyway => {
            format!("would be relaunched: it runs a program that is not installed any more{reason}")
        }
    }
}

fn exit_code(report: &UpdateReport, interrupted: bool) -> ExitCode {
    let agent = |outcome| report.agents.iter().any(|agent| agent.outcome == outcome);
    let program = |outcome| report.programs.iter().any(|program| program.outcome == outcome);
    match () {
        () if agent(AgentOutcome::Failed) || program(ProgramOutcome::Failed) => ExitCode::CheckFailed,
        () if agent(AgentOutcome::Busy) => ExitCode::Busy,
        () if interrupted || program(ProgramOutcome::Unmanaged) => ExitCode::CheckFailed,
        () => ExitCode::Ok,
    }
}

/// What a person has to know of an update that was not carried through.
fn notes(report: &UpdateReport) -> Vec<String> {
    let mut notes = Vec::new();
    let names = |outcome: AgentOutcome| {
        let names = report.agents.iter().filter(|agent| agent.outcome == outcome).map(|agent| agent.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let untouched = names(AgentOutcome::Untouched);
    if !untouched.is_empty() {
        notes.push(format!("not relaunched, and still as before: {untouched}"));
    }
    let failed = report.agents.iter().find(|agent| agent.outcome == AgentOutcome::Failed);
    for program in &report.programs {
        let is_to_blame = failed.is_some_and(|agent| agent.program.as_ref() == Some(&program.path));
        let broken = program.outcome == ProgramOutcome::Failed;
        match (&program.before, &program.back) {
            (Some(before), Some(back)) if is_to_blame || broken => notes.push(format!(
                "back to {} {before}: {back}; then: mosaic fleet update --relaunch-only {}",
                program.runtime, program.runtime
            )),
            (Some(before), None) if is_to_blame || broken => {
                notes.push(format!("{} was {before} before; how to install that is not known", program.runtime));
            }
            (None, Some(back)) if broken => notes.push(format!("should {} be broken now: {back}", program.runtime)),
            _ => {}
        }
    }
    notes.extend(report.go_on.as_ref().map(|again| format!("to go on: {again}")));
    notes
}
