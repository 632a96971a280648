//! Performs actions by jobs of the user manager, and explains the jobs that fail.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, ExitVerdict};
use mosaic_heartbeat::{EndLog, RestartHistory};
use mosaic_process::{monotonic, thread_error};
use mosaic_systemd::{ActiveState, JobOutcome, ManagerError, UnitDetail, UnitName, UserManager};

use crate::action::{
    ActionFailure, ActionReport, FailureKind, LifecycleAction, LifecycleEvent, Outcome, Reporter, Subject,
};
use crate::agent_plan::{AgentPlan, Step};
use crate::executor::LifecycleExecutor;
use crate::parallel::for_each_parallel;

const HOLDER_JOURNAL: &str = "see: journalctl --user -u mosaic-tmux-holder";

/// Why a job did not perform the action, and where to look; `None` if it did. `detail` is the unit after
/// the job, if it could be read. Pure.
fn job_failure(
    action: LifecycleAction,
    subject: &Subject,
    outcome: &JobOutcome,
    detail: Option<&UnitDetail>,
) -> Option<String> {
    let see = match subject {
        Subject::Agent(agent) => format!("see: mosaic agent logs {agent}"),
        Subject::Holder => HOLDER_JOURNAL.to_owned(),
    };
    let unit_result = || detail.map_or_else(|| outcome.to_string(), unit_result);
    Some(match outcome {
        JobOutcome::Done => return ended_at_once(action, detail?).map(|why| format!("{why}; {see}")),
        JobOutcome::NoSuchUnit(_) => "its unit is not installed: run 'mosaic fleet install'".to_owned(),
        JobOutcome::Dependency => format!("the holder of the tmux server did not start; {HOLDER_JOURNAL}"),
        JobOutcome::TimedOutWaiting => {
            let state = detail.map(|detail| format!(" ({}, {})", detail.active, detail.sub)).unwrap_or_default();
            format!("its job has not finished in time{state}; {see}")
        }
        JobOutcome::Failed => format!("{}; {see}", unit_result()),
        JobOutcome::Timeout => format!("{outcome} ({}); {see}", unit_result()),
        JobOutcome::Canceled | JobOutcome::Skipped => format!("{outcome}; {see}"),
        JobOutcome::Invalid(_) => format!("{outcome}; see: systemctl --user status {}", unit_of(subject)),
    })
}

/// The kind of the failure of a job. systemd refuses a unit that it cannot load before it changes anything.
fn failure_kind(outcome: &JobOutcome) -> FailureKind {
    match outcome {
        JobOutcome::NoSuchUnit(_) => FailureKind::Unavailable,
        JobOutcome::Invalid(_) => FailureKind::Configuration,
        JobOutcome::Done
        | JobOutcome::Dependency
        | JobOutcome::TimedOutWaiting
        | JobOutcome::Failed
        | JobOutcome::Timeout
        | JobOutcome::Canceled
        | JobOutcome::Skipped => FailureKind::Failed,
    }
}

fn unit_of(subject: &Subject) -> UnitName {
    match subject {
        Subject::Agent(agent) => UnitName::agent(agent),
        Subject::Holder => UnitName::holder(),
    }
}

/// Why a unit does not run although the job that starts it succeeded.
fn ended_at_once(action: LifecycleAction, detail: &UnitDetail) -> Option<String> {
    match (action, detail.active) {
        (LifecycleAction::Stop, _) | (_, ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing) => {
            None
        }
        (LifecycleAction::Start | LifecycleAction::Restart, _) => {
            Some(format!("its command ended at once ({})", unit_result(detail)))
        }
    }
}

fn unit_result(detail: &UnitDetail) -> String {
    let status = match detail.exec_main_status {
        Some(ExitVerdict::Code(code)) => format!(", exit status {code}"),
        Some(ExitVerdict::Signal(signal)) => format!(", signal {signal}"),
        None => String::new(),
    };
    format!("result {}{status}", detail.result)
}

/// Runs the jobs of one action.
#[derive(Debug)]
pub(crate) struct JobRunner<'a> {
    pub(crate) manager: &'a UserManager,
    pub(crate) action: LifecycleAction,
    /// How long to wait for the jobs.
    pub(crate) timeout: Duration,
}

/// The units with a pending job, each with its subject and the outcome of a successful job.
type PendingJobs = BTreeMap<UnitName, (Subject, Outcome)>;

impl JobRunner<'_> {
    /// Executes the plans; all jobs run at the same time. `holder` is the outcome of a job for the holder,
    /// if it needs one.
    pub(crate) fn execute(
        &self,
        executor: &LifecycleExecutor<'_>,
        plans: &[(AgentName, AgentPlan)],
        holder: Option<Outcome>,
        reporter: &mut dyn Reporter,
    ) -> Result<(), ManagerError> {
        let began = monotonic();
        let mut pending = PendingJobs::new();
        let work = |(agent, plan): &(AgentName, AgentPlan)| {
            if plan.stop_unmanaged { executor.stop_unmanaged(agent, self.timeout) } else { Ok(()) }
        };
        for_each_parallel(plans, work, |(agent, plan), stopped| {
            let subject = Subject::Agent(agent.clone());
            let result = match (stopped, &plan.step) {
                (Err(why), _) => Err(why.into()),
                (Ok(()), Step::Refuse(why)) => Err(why.clone()),
                (Ok(()), Step::Done(outcome)) => Ok(*outcome),
                (Ok(()), Step::Job(outcome) | Step::Launch(outcome)) => {
                    pending.insert(UnitName::agent(agent), (subject, *outcome));
                    return;
                }
            };
            reporter.report(LifecycleEvent::finished_now(subject, result, began));
        });
        pending.extend(holder.map(|outcome| (UnitName::holder(), (Subject::Holder, outcome))));
        if self.action == LifecycleAction::Start {
            request_starts(executor, &pending);
        }
        if pending.is_empty() { Ok(()) } else { self.run_jobs(executor, pending, began, reporter) }
    }

    fn run_jobs(
        &self,
        executor: &LifecycleExecutor<'_>,
        mut pending: PendingJobs,
        began: Duration,
        reporter: &mut dyn Reporter,
    ) -> Result<(), ManagerError> {
        let units: Vec<UnitName> = pending.keys().cloned().collect();
        if self.action != LifecycleAction::Stop {
            // Otherwise systemd refuses a unit that has hit its start limit.
            self.manager.reset_failed(&units)?;
        }
        let mut finish = |unit: &UnitName, job: &JobOutcome, at: Duration| {
            if let Some((subject, outcome)) = pending.remove(unit) {
                let result = self
                    .result(executor, &subject, outcome, unit, job)
                    .map_err(|reason| ActionFailure { kind: failure_kind(job), reason });
                let duration = at.saturating_sub(began);
                let superseded = *job == JobOutcome::Canceled;
                reporter.report(LifecycleEvent::Finished(ActionReport { subject, result, duration, superseded }));
            }
        };
        thread::scope(|scope| {
            let (sender, finished) = mpsc::channel();
            // On a thread of its own, so that a failed unit is examined while other jobs still run.
            let run = move || {
                let mut on_done = |unit: &UnitName, job: &JobOutcome| {
                    let _ = sender.send((unit.clone(), job.clone(), monotonic()));
                };
                self.manager.run(self.action.verb(), &units, self.timeout, &mut on_done)
            };
            let no_thread = |error| ManagerError::Unreachable { why: thread_error(&error).to_string() };
            let running = thread::Builder::new().spawn_scoped(scope, run).map_err(no_thread)?;
            for (unit, job, at) in finished {
                finish(&unit, &job, at);
            }
            let jobs = running.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            for (unit, job) in jobs {
                finish(&unit, &job, monotonic());
            }
            Ok(())
        })
    }

    fn result(
        &self,
        executor: &LifecycleExecutor<'_>,
        subject: &Subject,
        outcome: Outcome,
        unit: &UnitName,
        job: &JobOutcome,
    ) -> Result<Outcome, String> {
        let needs_detail = *job != JobOutcome::Done || self.action != LifecycleAction::Stop;
        // If the unit cannot be read, the job's result has to do.
        let detail = if needs_detail { self.manager.describe(unit).ok() } else { None };
        if *subject == Subject::Holder && detail.as_ref().is_some_and(|detail| detail.result == "exec-condition") {
            return Err(foreign_server(executor));
        }
        job_failure(self.action, subject, job, detail.as_ref()).map_or(Ok(outcome), Err)
    }
}

/// Why the holder does not start although a tmux server listens on its socket, and what to do. Agents run on that server
/// until it ends.
fn foreign_server(executor: &LifecycleExecutor<'_>) -> String {
    let socket = &executor.roster.tmux.socket_name;
    let server = executor.server().ok().and_then(|server| server.list_sessions().ok().flatten());
    let process = server.and_then(|server| server.server).map(|pid| format!(", process {pid},")).unwrap_or_default();
    format!(
        "the tmux server on the socket {socket}{process} was not started by it; agents run on that server, and end with \
         it. End the sessions that were made by hand (tmux -L {socket} list-sessions), then run 'mosaic fleet stop', \
         which ends the agents too, and 'mosaic fleet start'"
    )
}

/// Ends the delay of agents that keep ending and wait for their next restart: their start job is running already.
fn request_starts(executor: &LifecycleExecutor<'_>, pending: &PendingJobs) {
    let paths = executor.context.location.home.paths();
    for (subject, _) in pending.values() {
        let Subject::Agent(agent) = subject else { continue };
        let log = EndLog::new(&paths, agent);
        let is_loop = |entries: Vec<_>| RestartHistory::from_entries(&entries).is_some_and(|history| history.is_loop());
        if log.entries().is_ok_and(is_loop) {
            // An error is ignored: the agent then starts when the delay is over.
            let _ = log.request_start(Timestamp::now());
        }
    }
}

/// The states of the agents' units and of the holder's unit, as far as the manager has loaded them.
pub(crate) fn unit_states(manager: &UserManager) -> Result<BTreeMap<UnitName, ActiveState>, ManagerError> {
    let units = manager.units(&[UnitName::AGENTS, UnitName::holder().as_str()])?;
    Ok(units.into_iter().map(|unit| (unit.name, unit.active)).collect())
}

#[cfg(test)]
mod tests {
    use super::{failure_kind, job_failure};
    use crate::action::{FailureKind, LifecycleAction, Subject};
    use mosaic_domain::ExitVerdict::{self, Code, Signal};
    use mosaic_systemd::{ActiveState, JobOutcome, UnitDetail};

    fn detail(active: ActiveState, sub: &str, result: &str, status: Option<ExitVerdict>) -> UnitDetail {
        UnitDetail {
            active,
            sub: sub.to_owned(),
            result: result.to_owned(),
            exec_main_status: status,
            n_restarts: 0,
            since: None,
            main_pid: None,
            control_group: None,
        }
    }

    #[test]
    fn a_unit_that_cannot_be_loaded_is_no_failed_start() {
        for (outcome, expected) in [
            (JobOutcome::NoSuchUnit(String::new()), FailureKind::Unavailable),
            (JobOutcome::Invalid("Unit is masked.".to_owned()), FailureKind::Configuration),
            (JobOutcome::Failed, FailureKind::Failed),
            (JobOutcome::Dependency, FailureKind::Failed),
        ] {
            assert_eq!(failure_kind(&outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn job_failures_name_the_cause_and_the_journal() {
        use LifecycleAction::{Restart, Start, Stop};
        let coder0 = Subject::Agent("coder0".parse().unwrap());
        let failed = detail(ActiveState::Activating, "auto-restart", "exit-code", Some(Code(7)));
        let killed = detail(ActiveState::Failed, "failed", "signal", Some(Signal(9)));
        let ended = detail(ActiveState::Inactive, "dead", "success", Some(Code(0)));
        let runs = detail(ActiveState::Active, "running", "success", None);
        let slow = detail(ActiveState::Activating, "start", "success", None);
        let limit = detail(ActiveState::Failed, "failed", "start-limit-hit", None);
        let failure = |why: &str| Some(format!("{why}; see: mosaic agent logs coder0"));
        let not_installed = Some("its unit is not installed: run 'mosaic fleet install'".to_owned());
        let table = [
            (Start, JobOutcome::Done, Some(&runs), None),
            (Start, JobOutcome::Done, None, None),
            (Stop, JobOutcome::Done, Some(&ended), None),
            (
                Start,
                JobOutcome::Done,
                Some(&ended),
                failure("its command ended at once (result success, exit status 0)"),
            ),
            (Start, JobOutcome::Failed, Some(&failed), failure("result exit-code, exit status 7")),
            (Restart, JobOutcome::Failed, Some(&killed), failure("result signal, signal 9")),
            (Start, JobOutcome::Failed, Some(&limit), failure("result start-limit-hit")),
            (
                Start,
                JobOutcome::TimedOutWaiting,
                Some(&slow),
                failure("its job has not finished in time (activating, start)"),
            ),
            (Start, JobOutcome::NoSuchUnit("Unit not found.".to_owned()), None, not_installed),
            (
                Start,
                JobOutcome::Invalid("Unit is masked.".to_owned()),
                None,
                Some("Unit is masked.; see: systemctl --user status mosaic-agent@coder0.service".to_owned()),
            ),
        ];
        for (action, outcome, detail, expected) in table {
            assert_eq!(job_failure(action, &coder0, &outcome, detail), expected, "{action:?} {outcome:?}");
        }
        let dependency = job_failure(Start, &coder0, &JobOutcome::Dependency, None).unwrap();
        assert!(dependency.contains("mosaic-tmux-holder"), "{dependency}");
    }
}
