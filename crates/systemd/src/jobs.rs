//! Jobs of the manager: their types, their outcomes, and which of those that were queued have ended.

use std::collections::HashMap;
use std::fmt;

/// The type of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start the unit if it is not started.
    Start,
    /// Stop the unit.
    Stop,
    /// Stop and start the unit; only start it if it is not started.
    Restart,
}

impl Verb {
    /// The `systemctl` command, which is also printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// The method of `org.freedesktop.systemd1.Manager`.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Start => "StartUnit",
            Self::Stop => "StopUnit",
            Self::Restart => "RestartUnit",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// The job succeeded.
    Done,
    /// The unit failed.
    Failed,
    /// Another job replaced it.
    Canceled,
    /// The manager gave up after the unit's own time limit.
    Timeout,
    /// A unit that this unit requires did not start.
    Dependency,
    /// The job did not apply to the unit's state, or a condition kept the unit from starting.
    Skipped,
    /// The manager could not run the job; its message.
    Invalid(String),
    /// The unit does not exist; the manager's message.
    NoSuchUnit(String),
    /// The job was still in progress when the time limit of the call passed.
    TimedOutWaiting,
}

impl JobOutcome {
    /// Parses the last argument of the signal `JobRemoved` (`org.freedesktop.systemd1(5)`).
    pub(crate) fn from_job_result(result: &str) -> Self {
        match result {
            "done" => Self::Done,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            "dependency" => Self::Dependency,
            "skipped" => Self::Skipped,
            // `assert`, `unsupported`, `collected`, `once`, `frozen`, `concurrency`: rare, and none of them
            // calls for a reaction of its own.
            other => Self::Invalid(format!("the job ended as '{other}'")),
        }
    }
}

impl fmt::Display for JobOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
            Self::Canceled => f.write_str("replaced by another job"),
            Self::Timeout => f.write_str("timed out"),
            Self::Dependency => f.write_str("a unit that it requires failed"),
            Self::Skipped => f.write_str("skipped"),
            Self::Invalid(message) | Self::NoSuchUnit(message) => f.write_str(message),
            Self::TimedOutWaiting => f.write_str("still in progress"),
        }
    }
}

/// Matches ended jobs to the units of one [`UserManager::run`](crate::UserManager::run).
///
/// A signal names a job by its path and may arrive before the reply that says which unit has that job.
/// Two units of a run may share a job. Units are named by their position in the run.
#[derive(Debug)]
pub(crate) struct JobTracker {
    outcomes: Vec<Option<JobOutcome>>,
    pending: HashMap<String, Vec<usize>>,
    ended: HashMap<String, JobOutcome>,
    unanswered: usize,
}

impl JobTracker {
    pub(crate) fn new(units: usize) -> Self {
        Self { outcomes: vec![None; units], pending: HashMap::new(), ended: HashMap::new(), unanswered: units }
    }

    /// Records that the manager queued a job for a unit; returns the units that are finished by that.
    pub(crate) fn queued(&mut self, unit: usize, job: String) -> Vec<usize> {
        self.unanswered -= 1;
        if let Some(outcome) = self.ended.get(&job) {
            self.outcomes[unit] = Some(outcome.clone());
            return vec![unit];
        }
        self.pending.entry(job).or_default().push(unit);
        Vec::new()
    }

    /// Records that the manager refused to queue a job for a unit; returns the units that are finished by that.
    pub(crate) fn refused(&mut self, unit: usize, outcome: JobOutcome) -> Vec<usize> {
        self.unanswered -= 1;
        self.outcomes[unit] = Some(outcome);
        vec![unit]
    }

    /// Records that a job ended, whether of this run or not; returns the units that are finished by that.
    pub(crate) fn ended(&mut self, job: String, outcome: JobOutcome) -> Vec<usize> {
        let units = self.pending.remove(&job).unwrap_or_default();
        for &unit in &units {
            self.outcomes[unit] = Some(outcome.clone());
        }
        if self.unanswered > 0 {
            self.ended.insert(job, outcome);
        }
        units
    }

    /// The number of jobs that the manager has neither queued nor refused yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Whether every job has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.unanswered == 0 && self.pending.is_empty()
    }

    /// The outcome of a unit's job, if it has ended.
    pub(crate) fn outcome(&self, unit: usize) -> Option<&JobOutcome> {
        self.outcomes[unit].as_ref()
    }

    /// All outcomes; jobs that have not ended are [`JobOutcome::TimedOutWaiting`].
    pub(crate) fn into_outcomes(self) -> Vec<JobOutcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(JobOutcome::TimedOutWaiting)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::JobTracker;
    use crate::JobOutcome;

    #[test]
    fn a_job_that_ends_after_the_reply_finishes_its_unit() {
        let mut jobs = JobTracker::new(2);
        assert_eq!(jobs.queued(0, "/job/1".to_owned()), [0; 0]);
        assert_eq!(jobs.queued(1, "/job/2".to_owned()), [0; 0]);
        assert_eq!(jobs.ended("/job/2".to_owned(), JobOutcome::Failed), [1]);
        assert!(!jobs.is_finished());
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0]);
        assert!(jobs.is_finished());
        assert_eq!(jobs.into_outcomes(), [JobOutcome::Done, JobOutcome::Failed]);
    }

    #[test]
    fn a_job_that_ends_before_the_reply_finishes_its_unit() {
        let mut jobs = JobTracker::new(1);
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0; 0]);
        assert_eq!(jobs.queued(0, "/job/1".to_owned()), [0]);
        assert!(jobs.is_finished());
    }

    #[test]
    fn foreign_jobs_are_ignored_and_two_units_may_share_a_job() {
        let mut jobs = JobTracker::new(3);
        jobs.queued(0, "/job/1".to_owned());
        jobs.queued(1, "/job/1".to_owned());
        assert_eq!(jobs.refused(2, JobOutcome::NoSuchUnit(String::new())), [2]);
        assert_eq!(jobs.ended("/job/9".to_owned(), JobOutcome::Failed), [0; 0]);
        assert_eq!(jobs.ended("/job/1".to_owned(), JobOutcome::Done), [0, 1]);
        assert!(jobs.is_finished());
    }

    #[test]
    fn pending_jobs_have_timed_out_waiting() {
        let mut jobs = JobTracker::new(2);
        jobs.queued(0, "/job/1".to_owned());
        assert_eq!(jobs.unanswered(), 1);
        assert_eq!(jobs.into_outcomes(), [JobOutcome::TimedOutWaiting, JobOutcome::TimedOutWaiting]);
    }
}
