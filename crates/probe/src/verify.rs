//! Verifies a fleet: a table of named checks over a snapshot and its observation.
//!
//! Every check gives its evidence and, if it did not pass, what to do. A check that could not be made is `unknown`,
//! which is not a pass. The unit state `active (exited)` is no evidence of a running process.

mod agent_checks;
mod causes;
mod check;
mod fleet_checks;
mod program_facts;
#[cfg(test)]
mod tests;

use crate::judge::AgentFacts;
use crate::observe::Observation;
use crate::snapshot::{Condition, DriftItem, Snapshot};
use crate::target::Target;

pub use causes::Cause;
pub use check::{Check, CheckName, Scope, Status, Verification};
pub use program_facts::install_command;
pub(crate) use program_facts::{ProgramFacts, ProgramFactsCache, find_program};

use agent_checks::agent_checks;
use check::Evidence;

/// The input of a verification: a fleet as it was observed, and what to verify.
#[derive(Clone, Copy)]
pub(crate) struct VerifyInput<'a> {
    pub(crate) target: &'a Target,
    pub(crate) observation: &'a Observation,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) program_facts: &'a ProgramFacts,
    pub(crate) scope: &'a Scope,
}

/// Verifies the fleet, or the agents that `scope` names and what they depend on.
#[must_use]
pub(crate) fn verify(input: &VerifyInput<'_>) -> Verification {
    let mut checks = Vec::new();
    for_each_check(input, Evidence::Collect, |check| checks.push(check));
    let drift: Vec<&DriftItem> =
        input.snapshot.drift.iter().filter(|item| fleet_checks::is_in_scope(item, input.scope)).collect();
    Verification {
        schema: 1,
        host: input.snapshot.host.clone(),
        tenant: input.snapshot.tenant.clone(),
        observed_at: input.snapshot.observed_at,
        passed: checks.iter().all(is_satisfied),
        causes: causes::causes(&checks, &drift),
        stopped: input
            .snapshot
            .managed()
            .filter(|agent| agent.condition == Condition::Stopped && input.scope.contains(&agent.name))
            .map(|agent| agent.name.clone())
            .collect(),
        checks,
    }
}

/// Whether every required check passes, as in [`verify`], but without collecting evidence.
pub(crate) fn passed(input: &VerifyInput<'_>) -> bool {
    let mut passed = true;
    for_each_check(input, Evidence::Skip, |check| passed &= is_satisfied(&check));
    passed
}

fn is_satisfied(check: &Check) -> bool {
    !check.required || check.status == Status::Pass
}

/// Makes every check and passes it to `on_check`.
fn for_each_check(input: &VerifyInput<'_>, evidence: Evidence, mut on_check: impl FnMut(Check)) {
    let VerifyInput { target, observation, snapshot, program_facts, scope } = *input;
    on_check(fleet_checks::roster(target, observation, scope));
    let roster = observation.roster.roster();
    roster.map(fleet_checks::orchestrator).map(&mut on_check);
    on_check(fleet_checks::holder(target, snapshot, observation));
    if !observation.direct {
        on_check(fleet_checks::holder_unit(target, snapshot, observation, program_facts));
    }
    on_check(fleet_checks::socket(snapshot, observation));
    on_check(fleet_checks::default_server(target, observation));
    program_facts.tmux_version.as_ref().map(fleet_checks::tmux_version).map(&mut on_check);
    program_facts.systemd_version.as_ref().map(fleet_checks::systemd_version).map(&mut on_check);
    if !observation.direct {
        on_check(fleet_checks::programs(target, observation));
    }
    on_check(fleet_checks::linger(target, observation, scope));
    fleet_checks::exporter(observation, scope).map(&mut on_check);
    // The snapshot lists the agents of the roster first, in the roster's order.
    let agents = roster.into_iter().flat_map(|roster| &roster.agents).zip(&snapshot.agents);
    for (agent, snapshot) in agents.filter(|(agent, _)| scope.contains(agent.name.as_str())) {
        let agent_facts = AgentFacts::gather(observation, &agent.name, target.assumed_interval);
        agent_checks(input, &agent.name, &agent_facts, snapshot, evidence).into_iter().for_each(&mut on_check);
        agent_checks::limits(agent, &agent_facts, observation, scope).map(&mut on_check);
    }
    if roster.is_some() {
        on_check(fleet_checks::drift(snapshot, observation, scope));
    }
}
