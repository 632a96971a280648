//! Jobs: queued all at once, then waited for.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use zbus::Message;

use crate::bus::Bus;
use crate::bus::conversation::{Conversation, answered};
use crate::bus::reply::Reply;
use crate::bus::requests;
use crate::deadline;
use crate::jobs::Jobs;
use crate::{JobOutcome, ManagerError, UnitName, Verb};

/// What of a run goes before the jobs: the end of a job must not be missed.
const BEFORE: usize = requests::SIGNALS.len() + 1;

impl Bus {
    pub(crate) fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        let requests = requests_for(verb, units)?;
        let deadline = deadline::after(limit);
        let mut conversation = self.conversation()?;
        // For each a reply, and the signals of its job and of one that it pulls in. What finds no
        // room waits, and with it the replies to what is asked meanwhile.
        conversation.make_room(BEFORE + 4 * units.len());
        let mut jobs = Jobs::new(units.len());
        let positions = self.wait_for(conversation.send(&requests, conversation.silence()))?;
        // The caller is told between two waits, not in one: he may ask the manager himself.
        while let Some(done) = self.wait_for(next_done(&mut conversation, &positions, &mut jobs, deadline))? {
            for unit in done {
                if let Some(outcome) = jobs.outcome(unit) {
                    on_done(&units[unit], outcome);
                }
            }
        }
        // Best effort: these only save the bus work.
        let quiet = requests::SIGNALS.into_iter().map(requests::remove_match).chain([requests::unsubscribe()]);
        let quiet: Vec<_> = quiet.flatten().collect();
        let _ = self.wait_for(conversation.send(&quiet, conversation.silence()));
        Ok(units.iter().cloned().zip(jobs.into_outcomes()).collect())
    }
}

fn requests_for(verb: Verb, units: &[UnitName]) -> Result<Vec<Message>, ManagerError> {
    let before = requests::SIGNALS.into_iter().map(requests::add_match);
    let before = before.chain([requests::manager("Subscribe", &())]);
    before.chain(units.iter().map(|unit| requests::manager(verb.method(), &(unit.as_str(), "replace")))).collect()
}

/// Waits until some units' jobs have ended; nothing when all have, or the deadline has come.
///
/// While the manager owes us answers it must not fall silent for longer than it has for any other
/// call: then it hangs, and nobody should wait for jobs that it never queued.
async fn next_done(
    conversation: &mut Conversation<'_>,
    positions: &HashMap<NonZeroU32, usize>,
    jobs: &mut Jobs,
    deadline: Instant,
) -> Result<Option<Vec<usize>>, ManagerError> {
    while !jobs.is_over() {
        // Whoever waits for no job wants to know all the same that it was queued.
        let until = if jobs.unanswered() > 0 { conversation.silence() } else { deadline };
        let Some(message) = conversation.next(until).await? else {
            return if jobs.unanswered() > 0 { Err(conversation.too_late()) } else { Ok(None) };
        };
        let done = match answered(&message).and_then(|serial| positions.get(&serial)) {
            Some(&position) if position < BEFORE => {
                Reply::of(message).answer("tell of its jobs")?;
                Vec::new()
            }
            Some(&position) => job_reply(jobs, position - BEFORE, Reply::of(message))?,
            None => signal(jobs, &message)?,
        };
        if !done.is_empty() {
            return Ok(Some(done));
        }
    }
    Ok(None)
}

fn job_reply(jobs: &mut Jobs, unit: usize, reply: Reply) -> Result<Vec<usize>, ManagerError> {
    match reply {
        Reply::Answer(answer) => {
            let job = answer.body().deserialize::<zbus::OwnedObjectPath>();
            let job = job.map_err(|error| ManagerError::refused("name the job that it queued", error))?;
            Ok(jobs.queued(unit, job.to_string()))
        }
        Reply::Refused(refusal) if refusal.no_manager() => Err(refusal.into_error("queue a job")),
        Reply::Refused(refusal) => Ok(jobs.refused(unit, refusal.into_outcome())),
    }
}

/// The end of a job, or of the manager.
fn signal(jobs: &mut Jobs, message: &Message) -> Result<Vec<usize>, ManagerError> {
    let header = message.header();
    match header.member().map(zbus::names::MemberName::as_str) {
        Some("JobRemoved") => {
            let body = message.body();
            let removed = body.deserialize::<(u32, zbus::ObjectPath<'_>, &str, &str)>();
            let (_, job, _, result) = removed.map_err(|error| ManagerError::refused("tell how a job ended", error))?;
            Ok(jobs.ended(job.to_string(), JobOutcome::of_result(result)))
        }
        Some("NameOwnerChanged") => Err(ManagerError::unreachable("it went away before its jobs were over")),
        _ => Ok(Vec::new()),
    }
}
