//! Waits until an agent may be stopped, and keeps messages from it from then on.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_delivery::protocol::{Errand, Sight, Step};
use mosaic_delivery::spool::Turn;
use mosaic_delivery::{Outcome, Patience, Request};
use mosaic_domain::AgentName;
use mosaic_roster::Roster;
use mosaic_tmux::PaneTarget;

use super::agent_seen::AgentSeen;
use super::interruption::Interruption;
use super::obstacle::Obstacle;
use super::rest::Rest;
use super::standing::Standing;
use super::undrained::Undrained;
use crate::context::Context;
use crate::error::CommandError;
use crate::mail::Office;
use crate::view::tell;

/// What waiting takes.
#[derive(Debug)]
pub(super) struct Drain<'a> {
    pub(super) context: &'a Context,
    pub(super) roster: &'a Roster,
    pub(super) office: Office<'a>,
    pub(super) interruption: &'a Interruption,
    /// How long one agent is waited for.
    pub(super) limit: Duration,
    /// Then it is stopped nevertheless.
    pub(super) force: bool,
}

/// How often is looked meanwhile.
const OFTEN: Duration = Duration::from_millis(250);
/// How long it has to stay idle once no message can come any more: the last one may just have begun to work.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a message that is being typed is waited for.
const TURN: Duration = Duration::from_secs(5);

impl Drain<'_> {
    /// Waits; nothing if there is nothing to stop any more. While the turn is held no message is typed to
    /// the agent: each waits in the outbox, or with its sender.
    ///
    /// # Errors
    /// It is still at work at the limit, or waiting is not wanted any more, or nobody can look.
    pub(super) fn wait(&self, agent: &AgentName, since: Timestamp) -> Result<Option<Turn>, Undrained> {
        let deadline = Instant::now() + self.limit;
        let mut told = false;
        loop {
            if self.interruption.is_wanted() {
                return Err(Undrained::Interrupted);
            }
            let why = match self.rest(agent, since) {
                Ok(None) => return Ok(None),
                Ok(Some(Rest::Idle)) => match self.office.turn(agent, TURN) {
                    Ok(turn) if self.stays_idle(agent, since) => return Ok(Some(turn)),
                    Ok(_) => "it has just begun to work".to_owned(),
                    Err(CommandError::Busy(why)) => why,
                    Err(error) => return Err(error.into()),
                },
                Ok(Some(Rest::Busy(why))) => why,
                // Of so many looks one may fail, and nothing has been done yet.
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                return match self.force.then(|| self.office.turn(agent, TURN)) {
                    None => Err(Undrained::Busy(why)),
                    Some(Err(CommandError::Busy(why))) => Err(Undrained::Busy(why)),
                    Some(turn) => Ok(Some(turn?)),
                };
            }
            if !told {
                let limit = self.limit.as_secs();
                tell(&format!("NOTE: {agent}: {why}: waiting until it is idle, for {limit} s at most"));
                told = true;
            }
            thread::sleep(OFTEN);
        }
    }

    /// Is it in the midst of something? Nothing, if it does not run the old program.
    pub(super) fn rest(&self, agent: &AgentName, since: Timestamp) -> Result<Option<Rest>, CommandError> {
        let Some(seen) = AgentSeen::look(self.context, agent)? else { return Ok(None) };
        let Some(started) = seen.started().filter(|started| Standing::of(Some(*started), since) == Standing::Old)
        else {
            return Ok(None);
        };
        let obstacle = || self.obstacle(agent).unwrap_or_else(|error| Some(Obstacle::unclear(error.to_string())));
        Ok(Some(Rest::of(seen.activity.as_ref(), started, seen.quiet, obstacle)))
    }

    /// Whoever is gone meanwhile is not idle: somebody has stopped it, or it has ended.
    fn stays_idle(&self, agent: &AgentName, since: Timestamp) -> bool {
        let settled = Instant::now() + SETTLED;
        while matches!(self.rest(agent, since), Ok(Some(Rest::Idle))) {
            if Instant::now() >= settled {
                return true;
            }
            thread::sleep(OFTEN);
        }
        false
    }

    /// What stands in the way of a message that waits for the agent to be idle.
    fn obstacle(&self, agent: &AgentName) -> Result<Option<Obstacle>, CommandError> {
        let profile = self.office.recipient(self.roster, agent)?.profile;
        let server = self.office.server(self.roster)?;
        let pane = server.find_pane(&PaneTarget::agent(agent))?;
        let look = pane.map(|pane| server.typist(pane.id, 0).look(Duration::ZERO)).transpose()?.flatten();
        let Some(look) = look else { return Ok(Some(Obstacle::unclear("it has no session"))) };
        let patience = Patience { ready: Duration::ZERO, obstructed: Duration::ZERO, ..Patience::usual() };
        let request = Request { only_when_idle: true, rescue: false, until_turn: false, patience };
        let now = Instant::now();
        Ok(match Errand::new(&profile, "", request, now).next(&Sight::of(Some(&look), look.pid), now) {
            Step::Type => None,
            Step::End(Outcome::Refused(refusal)) => Some(Obstacle::of(&refusal)),
            _ => Some(Obstacle::unclear("its screen shows nothing that is known")),
        })
    }
}
