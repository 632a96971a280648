//! Which of the jobs that were queued have ended, and how. Pure: what comes from the bus is told
//! to it, in any order.

use std::collections::HashMap;

use crate::JobOutcome;

/// The jobs of one run, by the position of their unit.
///
/// The manager tells that a job has ended by the job's path, and that may come before the reply
/// that says which path belongs to which unit. Two units of a run may share a job.
#[derive(Debug)]
pub(crate) struct Jobs {
    outcomes: Vec<Option<JobOutcome>>,
    under_way: HashMap<String, Vec<usize>>,
    ended: HashMap<String, JobOutcome>,
    unanswered: usize,
}

impl Jobs {
    pub(crate) fn new(units: usize) -> Self {
        Self { outcomes: vec![None; units], under_way: HashMap::new(), ended: HashMap::new(), unanswered: units }
    }

    /// The manager has queued a job for a unit. The units that are done by that.
    pub(crate) fn queued(&mut self, unit: usize, job: String) -> Vec<usize> {
        self.unanswered -= 1;
        if let Some(outcome) = self.ended.get(&job) {
            self.outcomes[unit] = Some(outcome.clone());
            return vec![unit];
        }
        self.under_way.entry(job).or_default().push(unit);
        Vec::new()
    }

    /// The manager has refused to queue a job for a unit. The units that are done by that.
    pub(crate) fn refused(&mut self, unit: usize, outcome: JobOutcome) -> Vec<usize> {
        self.unanswered -= 1;
        self.outcomes[unit] = Some(outcome);
        vec![unit]
    }

    /// Some job, ours or not, has ended. The units that are done by that.
    pub(crate) fn ended(&mut self, job: String, outcome: JobOutcome) -> Vec<usize> {
        let units = self.under_way.remove(&job).unwrap_or_default();
        for &unit in &units {
            self.outcomes[unit] = Some(outcome.clone());
        }
        if self.unanswered > 0 {
            self.ended.insert(job, outcome);
        }
        units
    }

    /// How many jobs the manager has neither queued nor refused yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered
    }

    pub(crate) fn is_over(&self) -> bool {
        self.unanswered == 0 && self.under_way.is_empty()
    }

    /// How a unit's job ended, if it has.
    pub(crate) fn outcome(&self, unit: usize) -> Option<&JobOutcome> {
        self.outcomes[unit].as_ref()
    }

    /// What is known of all, now that nobody waits any longer.
    pub(crate) fn into_outcomes(self) -> Vec<JobOutcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(JobOutcome::TimedOutWaiting)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Jobs;
    use crate::JobOutcome;

    #[test]
    fn a_job_that_ends_after_the_reply_is_its_units() {
        let mut jobs = Jobs::new(2);
        assert_eq!(jobs.queued(0, "/job/1".to_owned()), [0; 0]);
        assert_eq!(jobs.queued(1, "/job/2".to_owned()), [0; 0]);
        assert_eq!(jobs.ended("/job/2".to_owned(), JobOutcome::Failed), [1]);
        assert!(!jobs.is_over());
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0]);
        assert!(jobs.is_over());
        assert_eq!(jobs.into_outcomes(), [JobOutcome::Done, JobOutcome::Failed]);
    }

    #[test]
    fn a_job_that_ends_before_the_reply_is_not_waited_for() {
        let mut jobs = Jobs::new(1);
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0; 0]);
        assert_eq!(jobs.queued(0, "/job/1".to_owned()), [0]);
        assert!(jobs.is_over());
    }

    #[test]
    fn jobs_of_others_are_nobodys_and_two_units_may_share_one() {
        let mut jobs = Jobs::new(3);
        jobs.queued(0, "/job/1".to_owned());
        jobs.queued(1, "/job/1".to_owned());
        assert_eq!(jobs.refused(2, JobOutcome::NoSuchUnit(String::new())), [2]);
        assert_eq!(jobs.ended("/job/9".to_owned(), JobOutcome::Failed), [0; 0]);
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0, 1]);
        assert!(jobs.is_over());
    }

    #[test]
    fn what_is_not_over_when_nobody_waits_any_longer_is_said_to_be_under_way() {
        let mut jobs = Jobs::new(2);
        jobs.queued(0, "/job/1".to_owned());
        assert_eq!(jobs.unanswered(), 1);
        assert_eq!(jobs.into_outcomes(), [JobOutcome::TimedOutWaiting, JobOutcome::TimedOutWaiting]);
    }
}
