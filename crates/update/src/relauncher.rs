//! Relaunches one agent, and sees to it that it runs the new program.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::AgentName;
use mosaic_probe::snapshot::Condition;

use super::agent_seen::AgentSeen;
use super::drain::Drain;
use super::report::AgentOutcome;
use super::standing::Standing;
use super::undrained::Undrained;
use super::update_record::UpdateRecord;
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::{Hands, Order, Report, Scope, come_up};

/// How long one agent's restart may take: what its unit gives a stop and a start.
const RESTARTING: Duration = Duration::from_mins(2);
/// How long an agent may take from there until it is up.
const COMING_UP: Duration = Duration::from_secs(30);
/// How long it has to stay up: a program that cannot work here often says so only after a while.
const STAYING_UP: Duration = Duration::from_secs(3);

/// What relaunching takes.
#[derive(Debug)]
pub(super) struct Relaunching<'a> {
    pub(super) hands: &'a Hands<'a>,
    pub(super) drain: &'a Drain<'a>,
}

/// What became of the agent: the outcome, why, and how long it was away.
pub(super) type Relaunched = (AgentOutcome, Option<String>, Duration);

impl Relaunching<'_> {
    /// Relaunches it if it runs a program that is older than `since`.
    ///
    /// # Errors
    /// Nobody can look at it, or be asked to do it.
    pub(super) fn carry_out(
        &self,
        agent: &AgentName,
        since: Timestamp,
        record: &mut UpdateRecord,
    ) -> Result<Relaunched, CommandError> {
        let context = self.drain.context;
        let none = Duration::ZERO;
        let Some(standing) = standing(context, agent, since)? else {
            return Ok((AgentOutcome::LeftOut, Some("the roster does not have it any more".to_owned()), none));
        };
        match standing {
            // One that an update before this one has stopped was never meant to stay so.
            Standing::NotRunning if record.is_owed(agent) => return self.relaunch(agent, since, record),
            Standing::NotRunning => return Ok((AgentOutcome::NotRunning, None, none)),
            Standing::Current => {
                record.settle(agent)?;
                return Ok((AgentOutcome::Current, None, none));
            }
            Standing::Old => {}
        }
        // Messages are kept from it until this goes.
        let turn = match self.drain.wait(agent, since) {
            Ok(Some(turn)) => turn,
            // It has ended by itself meanwhile, and maybe begun anew.
            Ok(None) => return self.carry_out(agent, since, record),
            Err(Undrained::Failed(error)) => return Err(error),
            Err(busy @ Undrained::Busy(_)) => return Ok((AgentOutcome::Busy, Some(busy.to_string()), none)),
            Err(interrupted @ Undrained::Interrupted) => {
                return Ok((AgentOutcome::Untouched, Some(interrupted.to_string()), none));
            }
        };
        let relaunched = self.relaunch(agent, since, record);
        drop(turn);
        relaunched
    }

    fn relaunch(
        &self,
        agent: &AgentName,
        since: Timestamp,
        record: &mut UpdateRecord,
    ) -> Result<Relaunched, CommandError> {
        let (context, began) = (self.drain.context, Instant::now());
        record.owe(agent)?;
        let up = self.restart(agent)?.and_then(|()| come_up(context, agent, COMING_UP));
        let took = began.elapsed();
        Ok(match up.and_then(|()| stay_up(context, agent, since)) {
            Ok(()) => {
                record.settle(agent)?;
                (AgentOutcome::Relaunched, None, took)
            }
            Err(why) => (AgentOutcome::Failed, Some(why), took),
        })
    }

    fn restart(&self, agent: &AgentName) -> Result<Result<(), String>, CommandError> {
        let restarted = self.order(Order::Restart, agent)?;
        // Ctrl-C reaches all that we run. The agent must not be the one that pays for it.
        if restarted.is_err() && self.drain.interruption.is_wanted() {
            return self.order(Order::Start, agent);
        }
        Ok(restarted)
    }

    fn order(&self, order: Order, agent: &AgentName) -> Result<Result<(), String>, CommandError> {
        let mut outcome = Ok(());
        let scope = Scope::Agents(Vec::from([agent.clone()]));
        let mut keep = |report: Report| outcome = report.outcome.map(drop);
        self.hands.carry_out(order, &scope, RESTARTING, &mut keep)?;
        Ok(outcome)
    }
}

/// How the agent stands to the program; nothing if the roster does not have it any more.
///
/// # Errors
/// Nobody can look at it.
pub(super) fn standing(
    context: &Context,
    agent: &AgentName,
    since: Timestamp,
) -> Result<Option<Standing>, CommandError> {
    Ok(AgentSeen::look(context, agent)?.map(|seen| Standing::of(seen.started(), since)))
}

/// Is it up with one and the same new process for long enough?
fn stay_up(context: &Context, agent: &AgentName, since: Timestamp) -> Result<(), String> {
    let enough = Instant::now() + STAYING_UP;
    let mut first = None;
    loop {
        let look = AgentSeen::look(context, agent);
        let seen = match look {
            // Who looked may have been hit by a Ctrl-C that was for us.
            Err(_) if Instant::now() < enough => {
                thread::sleep(Duration::from_millis(250));
                continue;
            }
            look => look.map_err(|error| error.to_string())?,
        };
        let Some(seen) = seen else { return Err("the roster does not have it any more".to_owned()) };
        let pid = seen.process.map(|(pid, _)| pid);
        if pid != *first.get_or_insert(pid) || seen.condition != Condition::Up {
            let reason = seen.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            return Err(format!(
                "relaunched, and did not stay up: it is {}{reason}; see: journalctl --user AGENT={agent}",
                seen.condition
            ));
        }
        if Standing::of(seen.started(), since) != Standing::Current {
            return Err("relaunched, and its pane still runs the process from before".to_owned());
        }
        if Instant::now() >= enough {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(250));
    }
}
