//! Jobs by `systemctl`: one that waits for each unit, since its exit code does not tell units apart.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline;
use crate::systemctl::{Systemctl, complaints, output};
use crate::{JobOutcome, ManagerError, UnitName, Verb};

/// How many children there are at a time.
const AT_ONCE: usize = 16;

impl Systemctl {
    pub(crate) fn run(
        &self,
        verb: Verb,
        units: &[UnitName],
        limit: Duration,
        on_done: &mut dyn FnMut(&UnitName, &JobOutcome),
    ) -> Result<Vec<(UnitName, JobOutcome)>, ManagerError> {
        let deadline = deadline::after(limit);
        let to_do = Mutex::new(units.iter().enumerate());
        let (done, finished) = mpsc::channel();
        let mut outcomes: Vec<Option<JobOutcome>> = vec![None; units.len()];
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(units.len()) {
                let (done, to_do) = (done.clone(), &to_do);
                thread::Builder::new()
                    .spawn_scoped(scope, move || {
                        // Nobody panics while holding the lock.
                        while let Some((position, unit)) = to_do.lock().ok().and_then(|mut left| left.next()) {
                            if done.send((position, self.job(verb, unit, deadline))).is_err() {
                                break;
                            }
                        }
                    })
                    .map_err(|error| ManagerError::unreachable(format!("no thread for systemctl: {error}")))?;
            }
            drop(done);
            for (position, outcome) in finished {
                let outcome = outcome?;
                if outcome != JobOutcome::TimedOutWaiting {
                    on_done(&units[position], &outcome);
                }
                outcomes[position] = Some(outcome);
            }
            Ok(())
        })?;
        let outcomes = outcomes.into_iter().map(|outcome| outcome.unwrap_or(JobOutcome::TimedOutWaiting));
        Ok(units.iter().cloned().zip(outcomes).collect())
    }

    fn job(&self, verb: Verb, unit: &UnitName, deadline: Instant) -> Result<JobOutcome, ManagerError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(JobOutcome::TimedOutWaiting);
        }
        let output = match self.output(&[verb.as_str(), "--", unit.as_str()], left) {
            Err(ManagerError::Deadline { .. }) => return Ok(JobOutcome::TimedOutWaiting),
            other => other?,
        };
        if output.status.success() {
            return Ok(JobOutcome::Done);
        }
        let said = complaints(&output);
        if output::says_unreachable(&said) {
            return Err(ManagerError::unreachable(said.trim()));
        }
        Ok(output::outcome(&said))
    }
}
