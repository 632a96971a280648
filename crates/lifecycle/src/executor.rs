//! Performs an action on agents, by the user manager or directly.

use std::collections::BTreeMap;
use std::time::Duration;

use mosaic_domain::{AgentName, Pid};
use mosaic_process::monotonic;
use mosaic_provision::running_agents;
use mosaic_roster::{Roster, RosterError};
use mosaic_systemd::{ActiveState, ManagerError, UnitName, UserManager};
use mosaic_tmux::{HolderStart, Server, TmuxError};

use crate::action::{
    ActionFailure, ActionReport, FailureKind, LifecycleAction, LifecycleEvent, Outcome, Reporter, Scope, Subject,
};
use crate::agent_plan::{AgentPlan, ExecutionMode, Step, UnitState, plan};
use crate::direct;
use crate::fleet_context::{FleetContext, ObserveError};
use crate::managed::{JobRunner, unit_states};
use crate::server_socket::restore_socket;
use crate::start_requirements::StartRequirements;
use crate::stop_records::{StopRecords, requester};
use crate::unmanaged::{self, AgentObserver, sessions_by_hand};

/// How long the user manager may take for one answer.
const MANAGER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long tmux may take for one command. It answers in milliseconds unless it hangs.
const TMUX_TIMEOUT: Duration = Duration::from_secs(5);

/// An action could not be performed at all. The failures of single agents are reported as
/// [`ActionReport`]s instead.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// The user manager does not answer, or refuses.
    #[error(transparent)]
    Manager(#[from] ManagerError),
    /// tmux is not installed, or failed.
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    /// The roster cannot be used.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The fleet cannot be observed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}

/// Performs lifecycle actions on the agents of one fleet.
#[derive(Debug)]
pub struct LifecycleExecutor<'a> {
    pub(crate) context: &'a FleetContext,
    pub(crate) roster: &'a Roster,
    manager: Option<UserManager>,
}

impl<'a> LifecycleExecutor<'a> {
    /// Connects to the user manager. If none exists, reports [`LifecycleEvent::DirectMode`] and performs
    /// actions directly.
    ///
    /// # Errors
    /// A user manager exists, but does not answer.
    pub fn new(
        context: &'a FleetContext,
        roster: &'a Roster,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, LifecycleError> {
        let manager = match context.manager(MANAGER_TIMEOUT) {
            Ok(manager) => Some(manager),
            Err(absent @ ManagerError::Absent { .. }) => {
                reporter.report(LifecycleEvent::DirectMode { reason: absent.to_string() });
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { context, roster, manager })
    }

    /// Performs an action, and reports each agent's result as soon as it is known. `timeout` is how long
    /// the whole action may take; a tmux server that does not answer takes its share of it.
    ///
    /// # Errors
    /// The action cannot be performed on any agent.
    pub fn run(
        &self,
        action: LifecycleAction,
        scope: &Scope,
        timeout: Duration,
        reporter: &mut dyn Reporter,
    ) -> Result<(), LifecycleError> {
        let deadline = monotonic() + timeout;
        let left = || deadline.saturating_sub(monotonic());
        let units = self.manager.as_ref().map_or(Ok(BTreeMap::new()), unit_states)?;
        let agents = match scope {
            Scope::All => {
                let listed = self.roster.agents.iter().map(|agent| &agent.name);
                agents_of_all(action, listed, &units, self.running_agents(reporter))
            }
            Scope::Agents(agents) => agents.clone(),
        };
        let unreachable = restore_socket(self.context, self.roster, || self.holder_process(), reporter).err();
        if let Some(reason) = unreachable.clone() {
            reporter.report(LifecycleEvent::SocketUnreachable { reason });
        }
        if action == LifecycleAction::Stop && *scope == Scope::All {
            self.name_sessions_that_end(&agents, &units, reporter);
        }
        let mut plans = self.plans(action, agents, &units, left(), reporter);
        if let Some(why) = &unreachable {
            refuse_starts(action, &mut plans, why);
        }
        let records = StopRecords {
            paths: self.context.location.home.paths(),
            roster: self.roster,
            requester: requester(mosaic_probe::user(&|name| self.context.environment.variable(name))),
        };
        for (agent, _) in &plans {
            records.begin(action, agent, reporter);
        }
        let mut failures = 0;
        let mut count_failures = |event: LifecycleEvent| {
            if let LifecycleEvent::Finished(ActionReport { result: Err(_), .. }) = &event {
                failures += 1;
            }
            // Before the report, so that who reads it observes the agent as stopped.
            if let LifecycleEvent::Finished(report) = &event {
                records.finish(action, report, reporter);
            }
            reporter.report(event);
        };
        let holder = state_of(&units, &UnitName::holder());
        match &self.manager {
            Some(manager) => {
                let may_start = action != LifecycleAction::Stop && unreachable.is_none();
                if may_start && holder == UnitState::Up {
                    self.restore_holder(&mut count_failures);
                }
                let with_holder =
                    may_start && action == LifecycleAction::Start && *scope == Scope::All && holder != UnitState::Up;
                let jobs = JobRunner { manager, action, timeout: left() };
                jobs.execute(self, &plans, with_holder.then_some(Outcome::Started), &mut count_failures)?;
            }
            None => direct::execute(self, &plans, left(), &mut count_failures)?,
        }
        match (action, scope) {
            (LifecycleAction::Stop, Scope::All) if failures > 0 => {
                let result = Err("not stopped, because not every agent could be stopped".to_owned().into());
                let duration = Duration::ZERO;
                let report = ActionReport { subject: Subject::Holder, result, duration, superseded: false };
                reporter.report(LifecycleEvent::Finished(report));
                Ok(())
            }
            (LifecycleAction::Stop, Scope::All) => self.stop_holder(holder, left(), reporter),
            _ => Ok(()),
        }
    }

    /// The fleet's tmux server.
    pub(crate) fn server(&self) -> Result<Server, TmuxError> {
        Ok(self.context.server(self.roster)?.with_timeout(TMUX_TIMEOUT))
    }

    /// The main process of the holder's unit, which is the tmux server.
    fn holder_process(&self) -> Option<Pid> {
        self.manager.as_ref()?.describe(&UnitName::holder()).ok()?.main_pid
    }

    /// Lists the sessions of the server, for observations of agents.
    pub(crate) fn observer(&self) -> AgentObserver<'_> {
        self.observer_within(TMUX_TIMEOUT)
    }

    /// As [`observer`](Self::observer), with less time for a server that does not answer.
    fn observer_within(&self, limit: Duration) -> AgentObserver<'_> {
        let server = self.server().map(|server| server.with_timeout(TMUX_TIMEOUT.min(limit)));
        AgentObserver::new(server, &self.context.location.run_directory)
    }

    /// Stops an agent that no unit runs.
    pub(crate) fn stop_unmanaged(&self, agent: &AgentName, timeout: Duration) -> Result<(), String> {
        let server = self.server().map_err(|error| error.to_string())?;
        unmanaged::stop_unmanaged(agent, &server, &self.context.location.run_directory, timeout)
    }

    /// The agents that have a sidecar, whether or not a unit runs them.
    fn running_agents(&self, reporter: &mut dyn Reporter) -> Vec<AgentName> {
        running_agents(self.context.location.run_directory.path()).unwrap_or_else(|error| {
            reporter.report(LifecycleEvent::UnlistedAgentsUnknown { reason: error.to_string() });
            Vec::new()
        })
    }

    /// Names the sessions that were made by hand before the stop of the holder's unit, which ends the server with all of
    /// its sessions. Without a unit the server goes on as long as it has a session.
    fn name_sessions_that_end(
        &self,
        agents: &[AgentName],
        units: &BTreeMap<UnitName, ActiveState>,
        reporter: &mut dyn Reporter,
    ) {
        if self.manager.is_none() || state_of(units, &UnitName::holder()) == UnitState::Down {
            return;
        }
        let sessions = sessions_by_hand(self.context, self.roster, agents);
        if !sessions.is_empty() {
            reporter.report(LifecycleEvent::SessionsEnd { sessions });
        }
    }

    fn plans(
        &self,
        action: LifecycleAction,
        agents: Vec<AgentName>,
        units: &BTreeMap<UnitName, ActiveState>,
        limit: Duration,
        reporter: &mut dyn Reporter,
    ) -> Vec<(AgentName, AgentPlan)> {
        let mode = if self.manager.is_some() { ExecutionMode::Managed } else { ExecutionMode::Direct };
        let observer = self.observer_within(limit);
        let requirements = StartRequirements { context: self.context, roster: self.roster, mode };
        let plan_for = |agent: AgentName| {
            let state = observer.observe(&agent, state_of(units, &UnitName::agent(&agent)));
            let planned = plan(action, mode, &state);
            match requirements.check(&agent, planned.start_kind(action, &state), reporter) {
                Ok(()) => (agent, planned),
                Err(failure) => (agent, AgentPlan { stop_unmanaged: false, step: Step::Refuse(failure) }),
            }
        };
        agents.into_iter().map(plan_for).collect()
    }

    /// Makes the holder's session again on the server of the holder's unit, if the session was ended by hand.
    fn restore_holder(&self, reporter: &mut dyn Reporter) {
        let began = monotonic();
        let session = &self.roster.tmux.holder_session;
        let restored = match self.server().and_then(|server| server.restore_holder(session)) {
            Ok(HolderStart::Started) => Ok(Outcome::Started),
            Err(error @ TmuxError::CommandFailed { .. }) => Err(error.to_string().into()),
            // A server that cannot be reached is reported as such.
            Ok(HolderStart::AlreadyRunning) | Err(_) => return,
        };
        reporter.report(LifecycleEvent::finished_now(Subject::Holder, restored, began));
    }

    fn stop_holder(
        &self,
        holder: UnitState,
        timeout: Duration,
        reporter: &mut dyn Reporter,
    ) -> Result<(), LifecycleError> {
        match &self.manager {
            Some(manager) if holder != UnitState::Down => {
                let jobs = JobRunner { manager, action: LifecycleAction::Stop, timeout };
                Ok(jobs.execute(self, &[], Some(Outcome::Stopped), reporter)?)
            }
            _ => direct::stop_holder(self, reporter),
        }
    }
}

/// Refuses every step that would start an agent, because it would run in another server than the fleet's, and a restart
/// would end an agent that cannot be started again.
fn refuse_starts(action: LifecycleAction, plans: &mut [(AgentName, AgentPlan)], why: &str) {
    let starts =
        |plan: &AgentPlan| action != LifecycleAction::Stop && matches!(plan.step, Step::Job(_) | Step::Launch(_));
    for (_, plan) in plans.iter_mut().filter(|(_, plan)| starts(plan)) {
        let reason = format!("nothing was changed, because the fleet's tmux server cannot be reached: {why}");
        let failure = ActionFailure { kind: FailureKind::Unavailable, reason };
        *plan = AgentPlan { stop_unmanaged: false, step: Step::Refuse(failure) };
    }
}

fn state_of(units: &BTreeMap<UnitName, ActiveState>, unit: &UnitName) -> UnitState {
    units.get(unit).map_or(UnitState::Down, |state| (*state).into())
}

/// The agents of [`Scope::All`]: those of the roster, and for a stop also those that run, with a unit or
/// without, and are no longer in the roster.
fn agents_of_all<'a>(
    action: LifecycleAction,
    listed: impl Iterator<Item = &'a AgentName>,
    units: &BTreeMap<UnitName, ActiveState>,
    running: Vec<AgentName>,
) -> Vec<AgentName> {
    let mut agents: Vec<AgentName> = listed.cloned().collect();
    if action == LifecycleAction::Stop {
        let active = units.iter().filter(|(_, state)| UnitState::from(**state) != UnitState::Down);
        for name in active.filter_map(|(unit, _)| unit.agent_name()).chain(running) {
            if !agents.contains(&name) {
                agents.push(name);
            }
        }
    }
    agents
}

#[cfg(test)]
mod tests {
    use super::agents_of_all;
    use crate::action::LifecycleAction;
    use mosaic_domain::AgentName;
    use mosaic_systemd::{ActiveState, UnitName};
    use std::collections::BTreeMap;

    #[test]
    fn stop_of_all_includes_running_agents_that_the_roster_no_longer_lists() {
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
        let names = |action| {
            let agents = agents_of_all(action, listed.iter(), &units, vec![name("a"), name("gone"), name("by-hand")]);
            agents.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(LifecycleAction::Stop), ["a", "b", "gone", "waits", "by-hand"]);
        assert_eq!(names(LifecycleAction::Start), ["a", "b"]);
        assert_eq!(names(LifecycleAction::Restart), ["a", "b"]);
    }
}
