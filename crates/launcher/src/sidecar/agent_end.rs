//! The end of an agent: finding out what happened, the last heartbeat, the cleanup, and the record in the journal.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, Pid};
use mosaic_heartbeat::{EndRecord, EndVerdict, MAX_LINES, Status};
use mosaic_process::{Notification, process_start_time, since_boot};

use super::Assignment;
use super::end_classifier::{EndClass, Evidence, Fallback, PaneState, preliminary_verdict};
use super::end_inquiry::{KernelEvidence, inquire, poll_tmux};
use super::event_loop::Sidecar;
use super::process_termination::{CGROUP_GRACE, Urgency, end_cgroup, end_pane_process};
use super::start_report::Starter;
use crate::journal::{self, Priority};
use crate::systemd_service::SystemdService;

/// A server closes its descriptors, which hangs up its panes, this long before it has ended at most.
const SERVER_END_TIMEOUT: Duration = Duration::from_millis(50);
/// How long to wait until tmux has read the last output.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a manager that does not read may keep a sidecar that has nothing else left to do.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(5);

/// The `MESSAGE_ID` of these records, so that `journalctl MESSAGE_ID=…` finds the end of every agent.
const MESSAGE_ID: &str = "5d0e4b2e8a5f4f0c9c2f7c1f6b9d3a41";

/// How an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentEnd {
    /// Its process ended. `None` if the verdict is unknown.
    Exited(Option<ExitVerdict>),
    /// It was stopped on request.
    Stopped,
    /// Its tmux server ended, or its session was removed.
    Lost,
}

impl From<AgentEnd> for EndVerdict {
    fn from(end: AgentEnd) -> Self {
        match end {
            AgentEnd::Exited(Some(verdict)) => Self::Exited(verdict),
            AgentEnd::Exited(None) => Self::Unknown,
            AgentEnd::Stopped => Self::Stopped,
            AgentEnd::Lost => Self::Lost,
        }
    }
}

impl AgentEnd {
    fn priority(self) -> Priority {
        match self {
            Self::Exited(Some(ExitVerdict::Code(0))) | Self::Stopped => Priority::Notice,
            Self::Exited(_) | Self::Lost => Priority::Error,
        }
    }
}

impl Sidecar {
    /// Finds out how the agent ended. `None` if it lives on in a respawned pane.
    pub(super) fn investigate_end(&mut self) -> io::Result<Option<AgentEnd>> {
        let Assignment { pane, process, .. } = *self.heartbeat.assignment();
        let KernelEvidence { verdict: kernel, reused } = KernelEvidence::read(&self.proc, &process)?;
        self.heartbeat.set_last_exit(kernel);
        let preliminary = preliminary_verdict(kernel, self.server_has_ended(Duration::ZERO)?);
        if preliminary.is_some() {
            self.heartbeat.write(Status::Exited, preliminary);
        }
        // Without its socket, a server that runs cannot be distinguished from one that has ended with all panes.
        self.socket.restore(&self.proc, &self.settings.agent);
        let class = inquire(|| {
            let pane = PaneState::from(self.server.pane(pane));
            let timeout = if matches!(pane, PaneState::Present(_)) { Duration::ZERO } else { SERVER_END_TIMEOUT };
            let server_ended = self.server_has_ended(timeout)?;
            Ok(Evidence { pid: process.pid, reused, kernel, server_ended, pane })
        })?;
        Ok(Some(match class {
            EndClass::Respawned(pane) => {
                self.accept_respawned_pane()?;
                self.bind_to(&pane)?;
                return Ok(None);
            }
            EndClass::Exited(verdict) => AgentEnd::Exited(Some(verdict)),
            EndClass::Undecided(Fallback::ExitedUnknown) => AgentEnd::Exited(None),
            EndClass::Lost | EndClass::Undecided(Fallback::Lost) => AgentEnd::Lost,
        }))
    }

    fn server_has_ended(&self, timeout: Duration) -> io::Result<bool> {
        self.events.server.as_ref().map_or(Ok(true), |server| server.wait(Some(timeout)))
    }

    /// Stops the agent on request.
    pub(super) fn stop(&mut self, sender: Option<Pid>) -> io::Result<AgentEnd> {
        let requested_by = sender.and_then(|sender| self.proc.program(sender).ok().flatten());
        let requested_by = requested_by.map(|program| program.to_string_lossy().into_owned());
        self.manager.notify(Notification::Stopping("asking the agent to end".to_owned()));
        let urgency = match &self.events.pane {
            Some(pane) => end_pane_process(pane, &self.events)?,
            None => Urgency::Graceful,
        };
        self.heartbeat.write(Status::Stopped, None);
        self.end_remaining_processes(if urgency == Urgency::Immediate { Duration::ZERO } else { CGROUP_GRACE });
        let lines = match urgency {
            Urgency::Graceful => self.last_lines(),
            Urgency::Immediate => Vec::new(),
        };
        self.remove_session();
        self.record_end(AgentEnd::Stopped, lines, requested_by);
        Ok(AgentEnd::Stopped)
    }

    /// Writes the last heartbeat, ends the remaining processes, removes the session, and records the end.
    pub(super) fn finish(&mut self, end: AgentEnd, starter: &mut Starter) -> io::Result<()> {
        let (status, verdict) = match end {
            AgentEnd::Exited(verdict) => (Status::Exited, verdict),
            AgentEnd::Lost | AgentEnd::Stopped => (Status::Lost, None),
        };
        self.heartbeat.write(status, verdict);
        let clause = EndVerdict::from(end).clause();
        if verdict == Some(ExitVerdict::Code(0)) && !starter.is_informed() {
            // Without READY=1, systemd would report a protocol failure even though the command succeeded.
            self.manager.notify(Notification::Ready(clause.clone()));
        }
        self.manager.notify(Notification::Stopping(clause.clone()));
        if let Some(pane) = &self.events.pane {
            // A process that ignores SIGHUP may outlive its tmux server, and would run on beside its successor.
            end_pane_process(pane, &self.events)?;
        }
        // This comes before the calls to tmux, because a unit at its limit of tasks could not start the client.
        self.end_remaining_processes(CGROUP_GRACE);
        let lines = match end {
            AgentEnd::Exited(_) => self.last_lines(),
            AgentEnd::Lost | AgentEnd::Stopped => Vec::new(),
        };
        self.remove_session();
        self.record_end(end, lines.clone(), None);
        starter.report_ended(&clause, &lines);
        self.manager.flush_within(NOTIFY_TIMEOUT);
        Ok(())
    }

    /// The last lines of the pane; none if tmux does not answer.
    fn last_lines(&self) -> Vec<String> {
        let pane = self.heartbeat.assignment().pane;
        // The process ends before tmux has read everything that it wrote. After that, tmux shows the pane as dead, unless
        // another process keeps the terminal open.
        poll_tmux(LAST_OUTPUT_TIMEOUT, || {
            let may_print = matches!(self.server.pane(pane), Ok(Some(pane)) if !pane.dead);
            Ok(if may_print { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
        .unwrap_or_default();
        self.server.last_lines(pane, MAX_LINES).unwrap_or_default()
    }

    /// Records the end in the agent's log and in the journal. The last lines of a stopped agent are only in the log, where
    /// a person asks for them.
    fn record_end(&self, end: AgentEnd, lines: Vec<String>, requested_by: Option<String>) {
        let assignment = self.heartbeat.assignment();
        let lifetime = since_boot().saturating_sub(process_start_time(&assignment.process));
        let record = EndRecord {
            at: Timestamp::now(),
            verdict: end.into(),
            lifetime,
            generation: assignment.generation,
            requested_by,
            lines,
        };
        if let Some(log) = &self.end_log
            && let Err(error) = log.append(&record)
        {
            let agent = &self.settings.agent;
            let message = format!("cannot record the end of {agent} in {}: {error}", log.path().display());
            journal::record_meanwhile(Priority::Warning, agent, &message);
        }
        let unit = self.service.as_ref().map(|service| service.cgroup().name());
        write_journal(assignment, unit, self.settings.runtime.as_str(), end, &record);
    }

    /// Ends the processes that the agent left running in the unit's control group.
    fn end_remaining_processes(&self, grace: Duration) {
        if let Some(cgroup) = self.service.as_ref().map(SystemdService::cgroup)
            && let Err(error) = end_cgroup(cgroup, grace)
        {
            let agent = &self.settings.agent;
            let message = format!("cannot end the processes that {agent} left running: {error}");
            journal::record_meanwhile(Priority::Warning, agent, &message);
        }
    }

    fn remove_session(&mut self) {
        self.socket.restore(&self.proc, &self.settings.agent);
        let agent = &self.settings.agent;
        if let Err(error) = self.server.kill_session_containing(self.heartbeat.assignment().pane) {
            journal::record_meanwhile(Priority::Warning, agent, &format!("cannot remove the session {agent}: {error}"));
        }
    }
}

/// Writes the record to the journal. The lines are part of its message, because journalctl shows only that by default.
///
/// The record names the unit itself: journald looks up the unit by the PID of the writer, and the sidecar ends right
/// after this, so that `journalctl --user --unit` would sometimes miss the record.
fn write_journal(assignment: &Assignment, unit: Option<&str>, runtime: &str, end: AgentEnd, record: &EndRecord) {
    let EndRecord { verdict, lifetime, .. } = record;
    let mut message = format!("{} {} after {}", assignment.agent, verdict.clause(), duration_text(*lifetime));
    if *verdict != EndVerdict::Stopped && !record.lines.is_empty() {
        message.push_str(". The last lines of its pane:");
        for line in &record.lines {
            message.push_str("\n  ");
            message.push_str(line);
        }
    }
    let mut fields = vec![
        ("MESSAGE_ID", MESSAGE_ID.to_owned()),
        ("EXIT", verdict.to_string()),
        ("RUNTIME", runtime.to_owned()),
        ("PANE_PID", assignment.process.pid.to_string()),
        ("DURATION_SEC", format!("{}.{:03}", lifetime.as_secs(), lifetime.subsec_millis())),
        ("GENERATION", assignment.generation.to_string()),
    ];
    fields.extend(unit.map(|unit| ("USER_UNIT", unit.to_owned())));
    journal::record(end.priority(), &assignment.agent, &message, &fields);
}

/// Formats a duration by its two largest units: `3 d 4 h`, `2 h 5 min`, `41 s`, `0.2 s`.
fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, 0..10) => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        (0, 0, 0, _) => format!("{seconds} s"),
        (0, 0, _, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration_text;
    use std::time::Duration;

    #[test]
    fn durations_have_their_two_largest_units() {
        let table =
            [(0.26, "0.2 s"), (41.0, "41 s"), (125.0, "2 min 5 s"), (7500.0, "2 h 5 min"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in table {
            assert_eq!(duration_text(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
