//! Carries an order out, by whichever way there is.

use std::collections::BTreeMap;
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_provision::running_agents;
use mosaic_roster::Roster;
use mosaic_systemd::{ActiveState, ManagerError, UnitName, UserManager};

use super::managed::{Jobs, states};
use super::plan::{Plan, UnitSeen, Way, plan};
use super::world::World;
use super::{Change, Order, Report, Subject, direct};
use crate::context::Context;
use crate::error::CommandError;

/// How long the manager may take to answer.
const MANAGER_LIMIT: Duration = Duration::from_secs(3);

/// Which agents an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of the roster, and the holder; a stop is also about those that the roster has no more.
    All,
    /// These alone.
    Agents(Vec<AgentName>),
}

/// Carries the order out, and tells what became of each agent as soon as it is known. `limit` is how
/// long agents are waited for.
///
/// # Errors
/// Nobody can be asked to do it. What became of single agents is told alone.
pub(crate) fn carry_out(
    context: &Context,
    roster: &Roster,
    order: Order,
    scope: &Scope,
    limit: Duration,
    tell: &mut dyn FnMut(Report),
) -> Result<(), CommandError> {
    Hands::find(context, roster)?.carry_out(order, scope, limit, tell)
}

/// Those who do it.
#[derive(Debug)]
pub(crate) struct Hands<'a> {
    world: World<'a>,
    manager: Option<UserManager>,
}

impl<'a> Hands<'a> {
    /// Finds the user manager; where there is none, says once that it goes without.
    ///
    /// # Errors
    /// There is one, and it does not answer.
    pub(crate) fn find(context: &'a Context, roster: &'a Roster) -> Result<Self, CommandError> {
        let manager = match context.manager(MANAGER_LIMIT) {
            Ok(manager) => Some(manager),
            Err(CommandError::Manager(absent @ ManagerError::Absent { .. })) => {
                crate::view::tell(&format!(
                    "NOTE: {absent}; agents are run directly, and nothing starts them again when they end"
                ));
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Self { world: World::new(context, roster), manager })
    }

    /// As [`carry_out()`].
    pub(crate) fn carry_out(
        &self,
        order: Order,
        scope: &Scope,
        limit: Duration,
        tell: &mut dyn FnMut(Report),
    ) -> Result<(), CommandError> {
        let units = self.manager.as_ref().map_or(Ok(BTreeMap::new()), states)?;
        let agents = match scope {
            Scope::All => {
                let listed = self.world.roster.agents.iter().map(|agent| &agent.name);
                all_agents(order, listed, &units, self.watched())
            }
            Scope::Agents(agents) => agents.clone(),
        };
        let plans = self.plans(order, agents, &units);
        let mut failures = 0;
        let mut counted = |report: Report| {
            failures += usize::from(report.outcome.is_err());
            tell(report);
        };
        let holder = state(&units, &UnitName::holder());
        match &self.manager {
            Some(manager) => {
                let with_holder = order == Order::Start && *scope == Scope::All && holder != UnitSeen::Up;
                let jobs = Jobs { manager, order, limit };
                jobs.carry_out(&self.world, &plans, with_holder.then_some(Change::Started), &mut counted)?;
            }
            None => direct::carry_out(&self.world, &plans, limit, &mut counted)?,
        }
        match (order, scope) {
            (Order::Stop, Scope::All) if failures > 0 => {
                let why = "left as it is, because not all agents are stopped".to_owned();
                tell(Report { subject: Subject::Holder, outcome: Err(why), took: Duration::ZERO });
                Ok(())
            }
            (Order::Stop, Scope::All) => self.stop_holder(holder, limit, tell),
            _ => Ok(()),
        }
    }

    /// The agents that somebody watches, whatever started them.
    fn watched(&self) -> Vec<AgentName> {
        running_agents(self.world.context.run_directory.path()).unwrap_or_else(|error| {
            crate::view::tell(&format!(
                "NOTE: agents that are not in the roster and have no unit are not seen: {error}"
            ));
            Vec::new()
        })
    }

    fn plans(
        &self,
        order: Order,
        agents: Vec<AgentName>,
        units: &BTreeMap<UnitName, ActiveState>,
    ) -> Vec<(AgentName, Plan)> {
        let way = if self.manager.is_some() { Way::Managed } else { Way::Direct };
        let looking = self.world.looking();
        let plan_for = |agent: AgentName| {
            let seen = looking.see(&agent, state(units, &UnitName::agent(&agent)));
            let planned = plan(order, way, &seen);
            (agent, planned)
        };
        agents.into_iter().map(plan_for).collect()
    }

    fn stop_holder(&self, holder: UnitSeen, limit: Duration, tell: &mut dyn FnMut(Report)) -> Result<(), CommandError> {
        match &self.manager {
            Some(manager) if holder != UnitSeen::Down => {
                let jobs = Jobs { manager, order: Order::Stop, limit };
                Ok(jobs.carry_out(&self.world, &[], Some(Change::Stopped), tell)?)
            }
            _ => direct::end_holder(&self.world, tell),
        }
    }
}

fn state(units: &BTreeMap<UnitName, ActiveState>, unit: &UnitName) -> UnitSeen {
    units.get(unit).map_or(UnitSeen::Down, |state| (*state).into())
}

/// The roster's agents; for a stop also those that run, by a unit or without one, and are not in it any
/// more.
fn all_agents<'a>(
    order: Order,
    listed: impl Iterator<Item = &'a AgentName>,
    units: &BTreeMap<UnitName, ActiveState>,
    watched: Vec<AgentName>,
) -> Vec<AgentName> {
    let mut agents: Vec<AgentName> = listed.cloned().collect();
    if order == Order::Stop {
        let running = units.iter().filter(|(_, state)| UnitSeen::from(**state) != UnitSeen::Down);
        for name in running.filter_map(|(unit, _)| unit.agent_name()).chain(watched) {
            if !agents.contains(&name) {
                agents.push(name);
            }
        }
    }
    agents
}

#[cfg(test)]
mod tests {
    use super::all_agents;
    use crate::lifecycle::Order;
    use mosaic_domain::AgentName;
    use mosaic_systemd::{ActiveState, UnitName};
    use std::collections::BTreeMap;

    #[test]
    fn a_stop_of_all_is_also_about_what_the_roster_has_no_more() {
        let name = |text: &str| text.parse::<AgentName>().unwrap();
        let listed = [name("a"), name("b")];
        let units = BTreeMap::from([
            (UnitName::agent(&name("a")), ActiveState::Active),
            (UnitName::agent(&name("gone")), ActiveState::Active),
            (UnitName::agent(&name("waits")), ActiveState::Activating),
            (UnitName::agent(&name("rests")), ActiveState::Inactive),
            (UnitName::agent(&name("failed")), ActiveState::Failed),
            (UnitName::holder(), ActiveState::Active),
        ]);
        let names = |order| {
            let agents = all_agents(order, listed.iter(), &units, vec![name("a"), name("gone"), name("by-hand")]);
            agents.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(Order::Stop), ["a", "b", "gone", "waits", "by-hand"]);
        assert_eq!(names(Order::Start), ["a", "b"]);
        assert_eq!(names(Order::Restart), ["a", "b"]);
    }
}
