//! Restarts agents one at a time, for an update.

use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode};
use mosaic_probe::snapshot::Condition;

use super::carry_out::Hands;
use super::come_up::come_up;
use super::{Order, Report, Scope, Teller};
use crate::context::Context;
use crate::error::CommandError;

/// How long one agent's restart may take: what its unit gives a stop and a start.
const RESTARTING: Duration = Duration::from_mins(2);
/// How long an agent may take from there until it is up.
const COMING_UP: Duration = Duration::from_secs(30);

/// Restarts those of the agents that run, each only after the one before is up; stops at the first
/// that is not, and says which are still the old ones.
///
/// # Errors
/// The roster cannot be used, or nobody can be asked to do it.
pub(crate) fn relaunch(context: &Context, agents: &[AgentName]) -> Result<ExitCode, CommandError> {
    let roster = context.roster()?;
    let snapshot = context.look()?;
    let runs = |agent: &&AgentName| {
        let condition = snapshot.agent(agent.as_str()).map_or(Condition::Missing, |seen| seen.condition);
        !matches!(condition, Condition::Missing | Condition::Dead)
    };
    let running: Vec<&AgentName> = agents.iter().filter(runs).collect();
    let names = running.iter().map(|agent| agent.as_str());
    let hands = Hands::find(context, &roster)?;
    let mut teller = Teller::new(context.style, Order::Restart, false, names);
    for (index, agent) in running.iter().enumerate() {
        let mut outcome: Option<Report> = None;
        let scope = Scope::Agents(vec![(*agent).clone()]);
        hands.carry_out(Order::Restart, &scope, RESTARTING, &mut |report| outcome = Some(report))?;
        let Some(mut report) = outcome else { continue };
        if report.outcome.is_ok()
            && let Err(why) = come_up(context, agent, COMING_UP)
        {
            report.outcome = Err(why);
        }
        let failed = report.outcome.is_err();
        teller.tell(report);
        if failed {
            let old: Vec<&str> = running[index + 1..].iter().map(|agent| agent.as_str()).collect();
            if !old.is_empty() {
                crate::view::tell(&format!("NOTE: not restarted, and still as before: {}", old.join(", ")));
            }
            break;
        }
    }
    teller.finish()
}
