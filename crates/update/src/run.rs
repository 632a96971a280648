//! The whole of it, in order.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, ExitCode};

use super::drain::Drain;
use super::interruption::Interruption;
use super::program::{Program, Programs};
use super::refresh::{Refresh, Wish};
use super::relaunching::{Relaunching, standing};
use super::report::{AgentOutcome, AgentReport, ProgramOutcome};
use super::rest::Rest;
use super::selection::Selection;
use super::standing::Standing;
use super::telling::Telling;
use super::update_lock::UpdateLock;
use super::update_record::UpdateRecord;
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::Hands;
use crate::mail::Office;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Runtimes and agents, as they were typed.
    pub(crate) words: Vec<String>,
    /// What is to be done with programs.
    pub(crate) wish: Wish,
    /// How long an agent is waited for.
    pub(crate) drain: Duration,
    /// Then it is relaunched nevertheless.
    pub(crate) force: bool,
    /// How long an updater may take.
    pub(crate) timeout: Duration,
    /// How it is told.
    pub(crate) json: bool,
}

/// A program whose agents are to be relaunched if they started before that.
type Due = (Program, Timestamp);

/// Does it, and prints what came of it.
///
/// # Errors
/// A program is not installed, somebody else is at it, or nobody can be asked to do it.
pub(crate) fn run(context: &Context, request: &Request) -> Result<ExitCode, CommandError> {
    let roster = context.roster()?;
    let selection = Selection::of(&request.words, &roster)?;
    let found = Programs::find(context, &roster, &selection)?;
    let agents = found.programs.iter().flat_map(|program| &program.agents).chain(&found.left_out);
    let runtimes = found.programs.iter().map(|program| program.profile.name);
    let names = agents.map(AgentName::as_str).chain(runtimes);
    let plans = request.wish == Wish::Plan;
    let mut telling = Telling::new(context.style, request.json, plans, names);
    let interruption = Interruption::listen()?;
    let _lock = if plans { None } else { Some(UpdateLock::take(&context.run_directory)?) };
    let drain = Drain {
        context,
        roster: &roster,
        office: Office::new(context),
        interruption: &interruption,
        limit: request.drain,
        force: request.force,
    };
    let mut record = UpdateRecord::read(&context.run_directory);
    let due = refresh(&drain, request, found.programs, &mut record, &mut telling)?;
    for agent in found.left_out {
        let reason = "its command line is the site's own; named, it is taken to run its runtime's program";
        telling.agent(report(&agent, None, AgentOutcome::LeftOut, Some(reason.to_owned())));
    }
    if plans {
        plan(&drain, &due, &mut telling)?;
    } else {
        relaunch(&drain, &due, &mut record, &mut telling)?;
    }
    let only = (request.wish == Wish::Keep).then_some("--relaunch-only");
    let again: Vec<&str> = ["mosaic", "fleet", "update"].into_iter().chain(only).chain(selection.words()).collect();
    telling.finish(interruption.is_wanted(), &again.join(" "))
}

/// Brings the programs up to date; those whose turn does not come are not due either.
fn refresh(
    drain: &Drain<'_>,
    request: &Request,
    programs: Vec<Program>,
    record: &mut UpdateRecord,
    telling: &mut Telling,
) -> Result<Vec<Due>, CommandError> {
    let (context, interruption) = (drain.context, drain.interruption);
    let refresh = Refresh { context, interruption, wish: request.wish, limit: request.timeout };
    let mut due = Vec::new();
    for program in programs {
        if interruption.is_wanted() || telling.programs().iter().any(|one| one.outcome == ProgramOutcome::Failed) {
            due.push((program, Timestamp::MIN));
            continue;
        }
        let refreshed = refresh.carry_out(&program, record)?;
        telling.program(refreshed.report);
        due.push((program, refreshed.since.unwrap_or(Timestamp::MIN)));
    }
    Ok(due)
}

/// Tells who would be relaunched, and who would have to be waited for.
fn plan(drain: &Drain<'_>, due: &[Due], telling: &mut Telling) -> Result<(), CommandError> {
    for (program, since) in due {
        for agent in &program.agents {
            let outcome = match standing(drain.context, agent, *since)? {
                Some(Standing::Current) => AgentOutcome::Planned,
                Some(Standing::Old) => AgentOutcome::PlannedAnyway,
                Some(Standing::NotRunning) | None => AgentOutcome::NotRunning,
            };
            // Whatever it runs, it would be stopped.
            let reason = match drain.rest(agent, Timestamp::MAX)? {
                Some(Rest::Busy(why)) => Some(format!("but first waited for: {why}")),
                Some(Rest::Idle) => Some("it is idle".to_owned()),
                None => None,
            };
            telling.agent(report(agent, Some(program), outcome, reason));
        }
    }
    Ok(())
}

/// Relaunches those that run an older program, one after the other, until one fails.
fn relaunch(
    drain: &Drain<'_>,
    due: &[Due],
    record: &mut UpdateRecord,
    telling: &mut Telling,
) -> Result<(), CommandError> {
    let mut over = telling.programs().iter().any(|program| program.outcome == ProgramOutcome::Failed);
    let is_any = due.iter().any(|(program, _)| !program.agents.is_empty());
    if !is_any {
        return Ok(());
    }
    let hands = Hands::find(drain.context, drain.roster)?;
    let relaunching = Relaunching { hands: &hands, drain };
    for (program, since) in due {
        for agent in &program.agents {
            if over || drain.interruption.is_wanted() {
                telling.agent(report(agent, Some(program), AgentOutcome::Untouched, None));
                continue;
            }
            let (outcome, reason, took) = match relaunching.carry_out(agent, *since, record) {
                Ok(relaunched) => relaunched,
                Err(error) => (AgentOutcome::Failed, Some(error.to_string()), Duration::ZERO),
            };
            over = matches!(outcome, AgentOutcome::Failed | AgentOutcome::Busy);
            let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
            telling.agent(AgentReport { seconds, ..report(agent, Some(program), outcome, reason) });
        }
    }
    Ok(())
}

fn report(agent: &AgentName, program: Option<&Program>, outcome: AgentOutcome, reason: Option<String>) -> AgentReport {
    let program = program.map(|program| program.path.display().to_string());
    AgentReport { name: agent.to_string(), program, outcome, reason, seconds: 0.0 }
}
