//! Carries orders out without a user manager.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::monotonic;
use mosaic_tmux::HolderStart;

use super::at_once::at_once;
use super::launching::{launch, launcher, variables};
use super::plan::{Plan, Step};
use super::world::World;
use super::{Change, Report, Subject};
use crate::error::CommandError;

/// Carries the plans out; the holder is started before any agent.
pub(super) fn carry_out(
    world: &World<'_>,
    plans: &[(AgentName, Plan)],
    limit: Duration,
    tell: &mut dyn FnMut(Report),
) -> Result<(), CommandError> {
    let since = monotonic();
    if plans.iter().any(|(_, plan)| matches!(plan.then, Step::Launch(_))) {
        let holder = world.server()?.start_holder(&world.roster.tmux.holder_session)?;
        if holder == HolderStart::Started {
            tell(Report::now(Subject::Holder, Ok(Change::Started), since));
        }
    }
    let launcher = launcher(world.context.home.path());
    let work = |(agent, plan): &(AgentName, Plan)| {
        if plan.end_first {
            world.end(agent, limit)?;
        }
        match &plan.then {
            Step::Nothing(change) | Step::Job(change) => Ok(*change),
            Step::Refuse(why) => Err(why.clone()),
            Step::Launch(change) => {
                let variables = variables(world.context, world.roster, agent)?;
                let left = (since + limit).saturating_sub(monotonic());
                let done = launch(launcher.as_ref().map_err(Clone::clone)?, agent, variables, left)?;
                Ok(if done == Change::Started { *change } else { done })
            }
        }
    };
    at_once(plans, work, |(agent, _), outcome| {
        tell(Report::now(Subject::Agent(agent.clone()), outcome, since));
    });
    Ok(())
}

/// Removes the session that keeps the server alive, if it is there.
pub(super) fn end_holder(world: &World<'_>, tell: &mut dyn FnMut(Report)) -> Result<(), CommandError> {
    let since = monotonic();
    let session = &world.roster.tmux.holder_session;
    if world.looking().has_session(session.as_str()) {
        world.server()?.stop_holder(session)?;
        tell(Report::now(Subject::Holder, Ok(Change::Stopped), since));
    }
    Ok(())
}
