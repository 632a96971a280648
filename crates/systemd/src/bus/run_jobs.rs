//! Running jobs over D-Bus: all are queued at once, then waited for.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use zbus::Message;

use crate::bus::message::{self, Reply};
use crate::bus::{Bus, Conversation, replied_serial};
use crate::jobs::JobTracker;
use crate::manager_error::deadline_after;
use crate::{JobOutcome, ManagerError, UnitName, Verb};

/// The number of requests that precede the jobs: subscriptions, so that no end of a job is missed.
const SUBSCRIPTIONS: usize = message::SIGNALS.len() + 1;

impl Bus {
    pub(crate) fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        let requests = requests_for(verb, units)?;
        let deadline = deadline_after(limit);
        let mut conversation = self.conversation()?;
        // Each job has a reply and its signals, and those of a job that it pulls in. A full queue would also
        // delay the replies to calls that `on_done` makes.
        conversation.set_queue_size(SUBSCRIPTIONS + 4 * units.len());
        let mut jobs = JobTracker::new(units.len());
        let positions = self.block_on(conversation.send(&requests, conversation.silence_deadline()))?;
        // `on_done` is called between two waits, not within one, because it may call the manager.
        while let Some(finished) = self.block_on(next_finished(&mut conversation, &positions, &mut jobs, deadline))? {
            for unit in finished {
                if let Some(outcome) = jobs.outcome(unit) {
                    on_done(&units[unit], outcome);
                }
            }
        }
        // Best effort: ending the subscriptions only saves the bus work.
        let unsubscribe = message::SIGNALS.into_iter().map(message::remove_match).chain([message::unsubscribe()]);
        let unsubscribe: Vec<_> = unsubscribe.flatten().collect();
        let _ = self.block_on(conversation.send(&unsubscribe, conversation.silence_deadline()));
        Ok(units.iter().cloned().zip(jobs.into_outcomes()).collect())
    }
}

fn requests_for(verb: Verb, units: &[UnitName]) -> Result<Vec<Message>, ManagerError> {
    let before = message::SIGNALS.into_iter().map(message::add_match);
    let before = before.chain([message::manager_call("Subscribe", &())]);
    before.chain(units.iter().map(|unit| message::manager_call(verb.method(), &(unit.as_str(), "replace")))).collect()
}

/// Waits until the jobs of some units have ended; returns `None` if all have, or if the deadline has passed.
///
/// While replies are missing, the manager must not stay silent for longer than the time limit of any other
/// call: then it hangs, and jobs that it never queued would be waited for.
async fn next_finished(
    conversation: &mut Conversation<'_>,
    positions: &HashMap<NonZeroU32, usize>,
    jobs: &mut JobTracker,
    deadline: Instant,
) -> Result<Option<Vec<usize>>, ManagerError> {
    while !jobs.is_finished() {
        // Even with a time limit of zero the call returns only after every job was queued.
        let until = if jobs.unanswered() > 0 { conversation.silence_deadline() } else { deadline };
        let Some(message) = conversation.next(until).await? else {
            return if jobs.unanswered() > 0 { Err(conversation.deadline_error()) } else { Ok(None) };
        };
        let finished = match replied_serial(&message).and_then(|serial| positions.get(&serial)) {
            Some(&position) if position < SUBSCRIPTIONS => {
                Reply::from_message(message).answer("announce the end of jobs")?;
                Vec::new()
            }
            Some(&position) => handle_reply(jobs, position - SUBSCRIPTIONS, Reply::from_message(message))?,
            None => handle_signal(jobs, &message)?,
        };
        if !finished.is_empty() {
            return Ok(Some(finished));
        }
    }
    Ok(None)
}

fn handle_reply(jobs: &mut JobTracker, unit: usize, reply: Reply) -> Result<Vec<usize>, ManagerError> {
    match reply {
        Reply::Answer(answer) => {
            let job = answer.body().deserialize::<zbus::OwnedObjectPath>();
            let job = job.map_err(|error| ManagerError::refused("name the queued job", error))?;
            Ok(jobs.queued(unit, job.to_string()))
        }
        Reply::Error(error_reply) if error_reply.no_manager() => Err(error_reply.into_error("queue a job")),
        Reply::Error(error_reply) => Ok(jobs.refused(unit, error_reply.into_outcome())),
    }
}

/// Handles the signals that announce the end of a job, or the exit of the manager.
fn handle_signal(jobs: &mut JobTracker, message: &Message) -> Result<Vec<usize>, ManagerError> {
    let header = message.header();
    match header.member().map(zbus::names::MemberName::as_str) {
        Some("JobRemoved") => {
            let body = message.body();
            let removed = body.deserialize::<(u32, zbus::ObjectPath<'_>, &str, &str)>();
            let (_, job, _, result) =
                removed.map_err(|error| ManagerError::refused("report how a job ended", error))?;
            Ok(jobs.ended(job.to_string(), JobOutcome::from_job_result(result)))
        }
        Some("NameOwnerChanged") => Err(ManagerError::unreachable("the manager exited before its jobs ended")),
        _ => Ok(Vec::new()),
    }
}
