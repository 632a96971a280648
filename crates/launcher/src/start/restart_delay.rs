//! The delay before an automatic restart, which grows while an agent keeps ending, and the record of a start that failed.
//!
//! The launcher waits, not systemd: before version 254 the restart delay of a unit cannot grow (`RestartSteps=`). The unit
//! is `activating` meanwhile, and its status says until when.

use std::env;
use std::process::Command;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::env_var;
use mosaic_heartbeat::{EndLog, EndRecord, EndVerdict, Heartbeat, LogEntry, RestartHistory, Status};
use mosaic_process::{Liveness, Notification, ProcRoot, ServiceNotifier, bounded_output, monotonic};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::{Arguments, StartError};
use crate::launch_settings::LaunchSettings;
use crate::systemd_service::SystemdService;

/// How long the start itself may take after the delay: the `TimeoutStartSec=` of the unit.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// How long the user manager may take to tell the number of restarts.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the user manager may take to read the status. If it does not, it ends the start, and the next one waits.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the log is read if the kernel cannot tell when it changes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What delays a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing.
    Start,
    /// The ends before it, which were automatic restarts.
    Wait(Duration),
    /// Nothing, although the agent ended often: this start was requested.
    StartAnew,
}

/// `automatic_restarts` is the number of restarts since the last requested start; `None` if the manager does not answer.
fn decide(delay: Duration, runs: bool, automatic_restarts: impl FnOnce() -> Option<u32>) -> Decision {
    // An agent that lost its sidecar is adopted, and should not be without one for long.
    if delay.is_zero() || runs {
        return Decision::Start;
    }
    match automatic_restarts() {
        Some(0) => Decision::StartAnew,
        // A manager that does not answer is busy; a start that waits does not add to that.
        Some(_) | None => Decision::Wait(delay),
    }
}

/// Waits until the agent may be restarted. `service` is the unit that restarts it; without one, each start is requested.
pub(super) fn wait(settings: &LaunchSettings, service: Option<&SystemdService>) {
    let Some(log) = settings.end_log() else { return };
    // A log that cannot be read delays nothing: a start matters more.
    let entries = log.entries().unwrap_or_default();
    let Some(history) = RestartHistory::from_entries(&entries) else { return };
    let restarts = || service.map_or(Some(0), automatic_restarts);
    match decide(history.delay_at(Timestamp::now()), agent_runs(settings), restarts) {
        Decision::Start => {}
        // An error is ignored: then the next automatic restart waits longer.
        Decision::StartAnew => drop(log.request_start(Timestamp::now())),
        Decision::Wait(delay) => {
            let status = format!("{}; restarting in {} s", history.starts_clause(0), delay.as_secs());
            if let Ok(mut manager) = ServiceNotifier::from_environment(|name| env::var_os(name)) {
                manager.notify(Notification::ExtendTimeout(delay + START_TIMEOUT, status));
                manager.flush_within(NOTIFY_TIMEOUT);
            }
            wait_for_request(&log, monotonic() + delay);
        }
    }
}

/// Returns whether the process of the last heartbeat is alive.
fn agent_runs(settings: &LaunchSettings) -> bool {
    let last = mosaic_heartbeat::read(&settings.run_directory.heartbeat(&settings.agent)).ok().flatten();
    let process = last.filter(|last| last.status == Status::Ok).as_ref().and_then(Heartbeat::process);
    process.is_some_and(|process| ProcRoot::default().liveness(&process).is_ok_and(Liveness::is_alive))
}

/// The number of restarts by systemd itself since the last start that was requested.
fn automatic_restarts(service: &SystemdService) -> Option<u32> {
    let mut command = Command::new("systemctl");
    command.args(["--user", "show", "--property=NRestarts", "--value", service.cgroup().name()]);
    let output = bounded_output(&mut command, QUERY_TIMEOUT).ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Waits until the deadline, or until the log says that a start was requested. SIGTERM ends the process, as it should.
fn wait_for_request(log: &EndLog, deadline: Duration) {
    let is_requested =
        || log.entries().is_ok_and(|entries| matches!(entries.last(), Some(LogEntry::StartRequested { .. })));
    let watch = || {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let directory = log.path().parent().ok_or(rustix::io::Errno::NOENT)?;
        inotify::add_watch(&events, directory, WatchFlags::MOVED_TO | WatchFlags::CREATE)?;
        rustix::io::Result::Ok(events)
    };
    let events = watch().ok();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 1024];
    while !is_requested() {
        let left = deadline.saturating_sub(monotonic());
        if left.is_zero() {
            return;
        }
        match &events {
            Some(events) => {
                let timeout = Timespec::try_from(left).ok();
                // If a signal interrupts it, the log is read once more.
                let _ = poll(&mut [PollFd::new(events, PollFlags::IN)], timeout.as_ref());
                let mut reader = inotify::Reader::new(events, &mut buffer);
                // The kind of the events does not matter: the log is read again after any of them.
                while reader.next().is_ok() {}
            }
            None => thread::sleep(left.min(POLL_INTERVAL)),
        }
    }
}

/// Records a start by systemd that failed, so that it counts as an end and its error is found without a journal.
pub(super) fn record_failed_start(arguments: &Arguments, error: &StartError) {
    if !arguments.foreground || error.is_about_another_process() {
        return;
    }
    // The settings may be what is wrong, so only what is needed is read.
    let agent = arguments.agent.clone().or_else(|| env::var_os(env_var::AGENT_NAME));
    let agent = agent.and_then(|agent| agent.to_str()?.parse().ok());
    let home = mosaic_domain::MosaicHome::from_environment(|name| env::var_os(name));
    if let (Some(agent), Ok(home)) = (agent, home) {
        let record = EndRecord {
            at: Timestamp::now(),
            verdict: EndVerdict::NotStarted,
            lifetime: Duration::ZERO,
            generation: 0,
            requested_by: None,
            lines: error.to_string().lines().map(str::to_owned).collect(),
        };
        // An error is ignored: the error of the start itself is printed.
        let _ = EndLog::new(&home.paths(), &agent).append(&record);
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, decide, wait_for_request};
    use mosaic_domain::FleetPaths;
    use mosaic_heartbeat::EndLog;
    use mosaic_process::monotonic;
    use std::time::Duration;

    #[test]
    fn only_automatic_restarts_of_an_agent_that_has_ended_wait() {
        const DELAY: Duration = Duration::from_secs(20);
        let table = [
            (Duration::ZERO, false, Some(9), Decision::Start),
            (DELAY, true, Some(9), Decision::Start),
            (DELAY, false, Some(9), Decision::Wait(DELAY)),
            (DELAY, false, None, Decision::Wait(DELAY)),
            (DELAY, false, Some(0), Decision::StartAnew),
        ];
        for (delay, runs, restarts, expected) in table {
            assert_eq!(decide(delay, runs, || restarts), expected, "{delay:?} {runs} {restarts:?}");
        }
        decide(Duration::ZERO, false, || panic!("the manager is not asked without a delay"));
    }

    #[test]
    fn a_requested_start_ends_the_wait() {
        let home = tempfile::tempdir().unwrap();
        let log = EndLog::new(&FleetPaths::new(home.path().to_owned()), &"a".parse().unwrap());
        log.request_start("2026-11-20T14:58:08Z".parse().unwrap()).unwrap();
        wait_for_request(&log, monotonic() + Duration::from_hours(1));
        std::fs::remove_file(log.path()).unwrap();
        wait_for_request(&log, monotonic() + Duration::from_millis(1));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| wait_for_request(&log, monotonic() + Duration::from_hours(1)));
            log.request_start("2026-11-20T14:58:09Z".parse().unwrap()).unwrap();
            waiting.join().unwrap();
        });
    }
}
