//! The whole update, in order.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::AgentName;
use mosaic_lifecycle::{FleetContext, LifecycleEvent, LifecycleExecutor};
use mosaic_runtimes::ProfileLibrary;

use crate::agent_observation::VersionState;
use crate::drain::Drain;
use crate::idleness::Idleness;
use crate::interrupt::Interrupt;
use crate::program::{LeftOutAgent, Program, Programs};
use crate::program_update::ProgramUpdater;
use crate::relauncher::{Relaunched, Relauncher};
use crate::report::{
    AgentOutcome, AgentReport, ProgramReport, UpdateEvent, UpdateReport, UpdateReporter, Verdict, rounded_seconds,
};
use crate::runtime_program::RuntimePrograms;
use crate::selection::Selection;
use crate::update_error::UpdateError;
use crate::update_state::{UpdateLock, UpdateRecord};

/// What an update does with programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMode {
    /// Run their updaters.
    Update,
    /// Run no updater, and only relaunch agents that run an outdated program.
    RelaunchOnly,
    /// Change nothing, and report what would be done.
    DryRun,
}

/// The parameters of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The names of runtimes and agents; empty for the whole roster.
    pub names: Vec<String>,
    /// What to do with programs.
    pub mode: UpdateMode,
    /// How long to wait for each agent to become idle.
    pub drain_timeout: Duration,
    /// Whether to relaunch an agent that is still busy after that.
    pub force: bool,
    /// How long an updater may take.
    pub updater_timeout: Duration,
}

/// A program whose agents are relaunched if they started before it was installed.
struct InstalledProgram {
    program: Program,
    /// `Timestamp::MIN` if the update of the program failed or was not reached.
    installed: Timestamp,
}

/// Passes results on to the caller, and collects them for the report.
struct Progress<'a> {
    report: UpdateReport,
    reporter: &'a mut dyn UpdateReporter,
}

impl Progress<'_> {
    fn program(&mut self, report: ProgramReport) {
        self.report.programs.push(report.clone());
        self.reporter.report(UpdateEvent::Program(report));
    }

    fn agent(&mut self, report: AgentReport) {
        self.report.agents.push(report.clone());
        self.reporter.report(UpdateEvent::Agent(report));
    }
}

/// Updates the selected programs, and relaunches the agents that run an outdated one.
///
/// # Errors
/// The roster or a name is invalid, a program is not installed, or another update runs. The failures of
/// single programs and agents are in the report.
pub fn update(
    context: &FleetContext,
    request: &UpdateRequest,
    reporter: &mut dyn UpdateReporter,
) -> Result<UpdateReport, UpdateError> {
    let roster = context.roster()?;
    let library = ProfileLibrary::new(&context.location.home);
    let known = RuntimePrograms::new(&library);
    let selection = Selection::parse(&request.names, &roster, &known).map_err(|error| explain(error, &library))?;
    let found = Programs::find(context, &roster, &known, &selection)?;
    let left_out = found.left_out.iter().map(|agent| &agent.name);
    let is_dry_run = request.mode == UpdateMode::DryRun;
    let mut progress = Progress { report: UpdateReport::new(is_dry_run), reporter };
    progress.reporter.report(UpdateEvent::Selected {
        runtimes: found.programs.iter().map(|program| program.runtime.name.clone()).collect(),
        agents: found.programs.iter().flat_map(|program| &program.agents).chain(left_out).cloned().collect(),
    });
    let interrupt = Interrupt::install()?;
    let _lock = if is_dry_run { None } else { Some(UpdateLock::acquire(&context.location.run_directory)?) };
    let (timeout, force) = (request.drain_timeout, request.force);
    let drain = Drain { context, roster: &roster, interrupt: &interrupt, timeout, force };
    let mut record = UpdateRecord::read(&context.location.run_directory);
    let installed = update_programs(&drain, request, found.programs, &mut record, &mut progress)?;
    for LeftOutAgent { name, reason } in found.left_out {
        progress.agent(agent_report(&name, None, AgentOutcome::LeftOut, Some(reason)));
    }
    if is_dry_run {
        plan_relaunches(&drain, &installed, &mut progress)?;
    } else {
        relaunch_agents(&drain, &installed, &mut record, &mut progress)?;
    }
    let mut report = progress.report;
    report.interrupted = interrupt.is_requested();
    report.ok = report.verdict() == Verdict::Complete;
    if !report.ok && !is_dry_run {
        report.resume_command = Some(resume_command(request.mode, &selection));
    }
    Ok(report)
}

/// A name is unknown also if its profile cannot be used: then the error of the profile is the cause.
fn explain(error: UpdateError, library: &ProfileLibrary) -> UpdateError {
    let UpdateError::UnknownName { name, .. } = &error else { return error };
    let profile = name.parse().ok().and_then(|name| library.runtime(&name).err());
    profile.map_or(error, UpdateError::from)
}

fn resume_command(mode: UpdateMode, selection: &Selection) -> String {
    let option = (mode == UpdateMode::RelaunchOnly).then_some("--relaunch-only");
    let words = ["mosaic", "fleet", "update"].into_iter().chain(option).chain(selection.names());
    words.collect::<Vec<&str>>().join(" ")
}

/// Updates the programs until one fails. No agents of the programs after that are relaunched either.
fn update_programs(
    drain: &Drain<'_>,
    request: &UpdateRequest,
    programs: Vec<Program>,
    record: &mut UpdateRecord,
    progress: &mut Progress<'_>,
) -> Result<Vec<InstalledProgram>, UpdateError> {
    let (context, interrupt) = (drain.context, drain.interrupt);
    let updater = ProgramUpdater { context, interrupt, mode: request.mode, timeout: request.updater_timeout };
    let mut all = Vec::new();
    for program in programs {
        let mut installed = None;
        if !interrupt.is_requested() && !progress.report.has_failed_program() {
            let result = updater.update(&program, record, progress.reporter)?;
            progress.program(result.report);
            installed = result.installed;
        }
        all.push(InstalledProgram { program, installed: installed.unwrap_or(Timestamp::MIN) });
    }
    Ok(all)
}

/// Reports which agents would be relaunched, and which of them would have to become idle first.
fn plan_relaunches(
    drain: &Drain<'_>,
    programs: &[InstalledProgram],
    progress: &mut Progress<'_>,
) -> Result<(), UpdateError> {
    for InstalledProgram { program, installed } in programs {
        for agent in &program.agents {
            let outcome = match VersionState::observe(drain.context, agent, *installed)? {
                Some(VersionState::Current) => AgentOutcome::Planned,
                Some(VersionState::Outdated) => AgentOutcome::PlannedAnyway,
                Some(VersionState::NotRunning) | None => AgentOutcome::NotRunning,
            };
            // As of the latest possible time every running agent is outdated, so each idleness is determined.
            let reason = match drain.idleness(agent, Timestamp::MAX)? {
                Some(Idleness::Busy(reason)) => Some(format!("it is busy now: {reason}")),
                Some(Idleness::Idle) => Some("it is idle now".to_owned()),
                None => None,
            };
            progress.agent(agent_report(agent, Some(program), outcome, reason));
        }
    }
    Ok(())
}

/// Relaunches the agents that run an outdated program, one after the other, until one fails.
fn relaunch_agents(
    drain: &Drain<'_>,
    programs: &[InstalledProgram],
    record: &mut UpdateRecord,
    progress: &mut Progress<'_>,
) -> Result<(), UpdateError> {
    if programs.iter().all(|installed| installed.program.agents.is_empty()) {
        return Ok(());
    }
    let mut failed = progress.report.has_failed_program();
    let reporter = &mut *progress.reporter;
    let mut pass_on = |event: LifecycleEvent| reporter.report(UpdateEvent::Lifecycle(event));
    let executor = LifecycleExecutor::new(drain.context, drain.roster, &mut pass_on)?;
    let relauncher = Relauncher { executor: &executor, drain };
    for InstalledProgram { program, installed } in programs {
        for agent in &program.agents {
            if failed || drain.interrupt.is_requested() {
                progress.agent(agent_report(agent, Some(program), AgentOutcome::Untouched, None));
                continue;
            }
            let result = relauncher.relaunch_if_outdated(agent, *installed, record, progress.reporter);
            let Relaunched { outcome, reason, downtime } = result.unwrap_or_else(|error| Relaunched {
                outcome: AgentOutcome::Failed,
                reason: Some(error.to_string()),
                downtime: Duration::ZERO,
            });
            failed = matches!(outcome, AgentOutcome::Failed | AgentOutcome::Busy);
            let seconds = rounded_seconds(downtime);
            progress.agent(AgentReport { seconds, ..agent_report(agent, Some(program), outcome, reason) });
        }
    }
    Ok(())
}

fn agent_report(
    agent: &AgentName,
    program: Option<&Program>,
    outcome: AgentOutcome,
    reason: Option<String>,
) -> AgentReport {
    let program = program.map(|program| program.path.display().to_string());
    AgentReport { name: agent.to_string(), program, outcome, reason, seconds: 0.0 }
}
