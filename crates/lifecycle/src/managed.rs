//! Carries orders out through the user manager.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::monotonic;
use mosaic_systemd::{ActiveState, JobOutcome, ManagerError, UnitName, UserManager};

use super::at_once::at_once;
use super::failure::failure;
use super::plan::{Plan, Step};
use super::world::World;
use super::{Change, Order, Report, Subject};

/// The jobs of one order.
#[derive(Debug)]
pub(super) struct Jobs<'a> {
    pub(super) manager: &'a UserManager,
    pub(super) order: Order,
    /// How long the manager is waited for.
    pub(super) limit: Duration,
}

/// Whom a unit is for, and what its job leads to.
type Wanted = BTreeMap<UnitName, (Subject, Change)>;

impl Jobs<'_> {
    /// Carries the plans out, those with a job all at once. `holder` has one too.
    pub(super) fn carry_out(
        &self,
        world: &World<'_>,
        plans: &[(AgentName, Plan)],
        holder: Option<Change>,
        tell: &mut dyn FnMut(Report),
    ) -> Result<(), ManagerError> {
        let since = monotonic();
        let mut wanted = Wanted::new();
        let work = |(agent, plan): &(AgentName, Plan)| {
            if plan.end_first { world.end(agent, self.limit) } else { Ok(()) }
        };
        at_once(plans, work, |(agent, plan), ended| {
            let subject = Subject::Agent(agent.clone());
            let outcome = match (ended, &plan.then) {
                (Err(why), _) => Err(why),
                (Ok(()), Step::Refuse(why)) => Err(why.clone()),
                (Ok(()), Step::Nothing(change)) => Ok(*change),
                (Ok(()), Step::Job(change) | Step::Launch(change)) => {
                    wanted.insert(UnitName::agent(agent), (subject, *change));
                    return;
                }
            };
            tell(Report::now(subject, outcome, since));
        });
        wanted.extend(holder.map(|change| (UnitName::holder(), (Subject::Holder, change))));
        if wanted.is_empty() { Ok(()) } else { self.run(wanted, since, tell) }
    }

    fn run(&self, wanted: Wanted, since: Duration, tell: &mut dyn FnMut(Report)) -> Result<(), ManagerError> {
        let units: Vec<UnitName> = wanted.keys().cloned().collect();
        if self.order != Order::Stop {
            // A unit that failed too often may be started by hand all the same.
            self.manager.reset_failed(&units)?;
        }
        let mut waiting = wanted;
        let mut told = |unit: &UnitName, outcome: &JobOutcome, at: Duration| {
            if let Some((subject, change)) = waiting.remove(unit) {
                let outcome = self.outcome(&subject, change, unit, outcome);
                tell(Report { subject, outcome, took: at.saturating_sub(since) });
            }
        };
        thread::scope(|scope| {
            let (sender, ended) = mpsc::channel();
            // A unit that failed is looked at while others are still waited for.
            let running = scope.spawn(move || {
                let mut on_done = |unit: &UnitName, outcome: &JobOutcome| {
                    let _ = sender.send((unit.clone(), outcome.clone(), monotonic()));
                };
                self.manager.run(self.order.verb(), &units, self.limit, &mut on_done)
            });
            for (unit, outcome, at) in ended {
                told(&unit, &outcome, at);
            }
            let outcomes = running.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            for (unit, outcome) in outcomes {
                told(&unit, &outcome, monotonic());
            }
            Ok(())
        })
    }

    fn outcome(&self, subject: &Subject, change: Change, unit: &UnitName, job: &JobOutcome) -> Result<Change, String> {
        let in_doubt = *job != JobOutcome::Done || self.order != Order::Stop;
        // Of a unit that cannot be looked at the job's own word is all there is.
        let detail = if in_doubt { self.manager.describe(unit).ok() } else { None };
        if *subject == Subject::Holder && detail.as_ref().is_some_and(|detail| detail.result == "exec-condition") {
            // Another server has its socket, and agents' units run on that.
            return Ok(Change::AlreadyRunning);
        }
        failure(self.order, subject, job, detail.as_ref()).map_or(Ok(change), Err)
    }
}

/// The states of the agents' units and of the holder's, where the manager knows of them.
pub(super) fn states(manager: &UserManager) -> Result<BTreeMap<UnitName, ActiveState>, ManagerError> {
    let units = manager.units(&[UnitName::AGENTS, UnitName::holder().as_str()])?;
    Ok(units.into_iter().map(|unit| (unit.name, unit.active)).collect())
}
