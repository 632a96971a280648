//! The end of a sidecar's life: what happened, the last beat, the record, and the clearing up.

use std::io;
use std::thread;
use std::time::Duration;

use mosaic_domain::{ExitCode, ExitVerdict};
use mosaic_heartbeat::Status;
use mosaic_process::{monotonic, since_boot, start_of};

use super::Assignment;
use super::ending::{Evidence, Meaning, Otherwise, PaneSeen, first_guess, judge};
use super::journal::{self, Priority};
use super::life::Life;
use super::parent::Parent;
use super::post_mortem::{self, Ending};
use super::remainder;
use super::stop::{Urgency, end_pane_process};
use crate::systemd_service::SystemdService;

/// How long tmux is asked for what only it can know.
const ASKING: Duration = Duration::from_secs(2);
const ASK_AGAIN: Duration = Duration::from_millis(5);
/// A server's descriptors are closed, and its panes hung up, a moment before it has ended.
const SERVER_ENDS_WITHIN: Duration = Duration::from_millis(50);

impl Life {
    /// `None` if the agent lives on in a respawned pane.
    pub(super) fn look_into_end(&mut self) -> io::Result<Option<Ending>> {
        let Assignment { pane, process, .. } = *self.beater.assignment();
        let seen = self.proc.stat(process.pid)?;
        // Of another process that has the PID by now, the kernel's word says nothing about ours.
        let reused = seen.is_some_and(|stat| stat.start_ticks != process.start_ticks);
        let kernel = if reused { None } else { self.proc.verdict(process.pid)? };
        self.beater.note_end(kernel);
        let guess = first_guess(kernel, self.server_ended(Duration::ZERO)?);
        if guess.is_some() {
            self.beater.beat(Status::Exited, guess);
        }
        let deadline = monotonic() + ASKING;
        loop {
            let pane = match self.server.pane(pane) {
                Ok(Some(pane)) => PaneSeen::There(pane),
                Ok(None) => PaneSeen::Gone,
                Err(_) => PaneSeen::Unknown,
            };
            let patience = if matches!(pane, PaneSeen::There(_)) { Duration::ZERO } else { SERVER_ENDS_WITHIN };
            let server_ended = self.server_ended(patience)?;
            match judge(&Evidence { pid: process.pid, reused, kernel, server_ended, pane }) {
                Meaning::Respawned(pane) => {
                    self.admit()?;
                    self.rebind(&pane)?;
                    return Ok(None);
                }
                Meaning::Exited(verdict) => return Ok(Some(Ending::Exited(Some(verdict)))),
                // tmux waits for its child when it gets to it; there is nothing else to wait for.
                Meaning::NotYet(_) if monotonic() < deadline => thread::sleep(ASK_AGAIN),
                Meaning::NotYet(Otherwise::ExitedSomehow) => return Ok(Some(Ending::Exited(None))),
                Meaning::Lost | Meaning::NotYet(Otherwise::Lost) => return Ok(Some(Ending::Lost)),
            }
        }
    }

    fn server_ended(&self, patience: Duration) -> io::Result<bool> {
        self.watch.server.as_ref().map_or(Ok(true), |server| server.wait(Some(patience)))
    }

    /// Ends the agent on request.
    pub(super) fn stop(&mut self) -> io::Result<u8> {
        self.notify.stopping("asking the agent to end");
        let urgency = match &self.watch.pane {
            Some(pane) => end_pane_process(pane, &self.watch)?,
            None => Urgency::Patient,
        };
        self.beater.beat(Status::Stopped, None);
        self.end_rest(if urgency == Urgency::AtOnce { Duration::ZERO } else { remainder::GRACE });
        self.remove_session();
        self.write_post_mortem(Ending::Stopped, &[]);
        Ok(ExitCode::Ok as u8)
    }

    /// The last beat, the end of what is left, the record, and the verdict for systemd.
    pub(super) fn finish(&mut self, ending: Ending, parent: &mut Parent) -> io::Result<u8> {
        let (status, verdict, code) = match ending {
            Ending::Exited(Some(verdict)) => (Status::Exited, Some(verdict), verdict.as_exit_code()),
            Ending::Exited(None) => (Status::Exited, None, ExitCode::CheckFailed as u8),
            Ending::Lost | Ending::Stopped => (Status::Lost, None, ExitCode::Unavailable as u8),
        };
        self.beater.beat(status, verdict);
        let how = ending.headline();
        if verdict == Some(ExitVerdict::Code(0)) && !parent.has_heard() {
            // Success, however short: without READY systemd would call it a failure of protocol.
            self.notify.ready(&how);
        }
        self.notify.stopping(&how);
        if let Some(pane) = &self.watch.pane {
            // It may outlive its server, if it ignores SIGHUP; and then there would soon be two.
            end_pane_process(pane, &self.watch)?;
        }
        // First of all: at its limit of tasks a unit has none left for asking tmux.
        self.end_rest(remainder::GRACE);
        let lines = match ending {
            Ending::Exited(_) => {
                self.server.last_lines(self.beater.assignment().pane, post_mortem::LINES).unwrap_or_default()
            }
            Ending::Lost | Ending::Stopped => Vec::new(),
        };
        self.remove_session();
        self.write_post_mortem(ending, &lines);
        parent.ended(&how, &lines);
        Ok(code)
    }

    fn write_post_mortem(&self, ending: Ending, lines: &[String]) {
        let assignment = self.beater.assignment();
        let lived = since_boot().saturating_sub(start_of(&assignment.process));
        let unit = self.service.as_ref().map(|service| service.group().name());
        post_mortem::write(assignment, unit, self.request.runtime.as_str(), ending, lived, lines);
    }

    /// Ends whatever the agent left running in the unit's group.
    fn end_rest(&self, grace: Duration) {
        if let Some(group) = self.service.as_ref().map(SystemdService::group)
            && let Err(error) = remainder::end(group, grace)
        {
            let agent = &self.request.agent;
            journal::record(Priority::Warning, agent, &format!("cannot end what {agent} left running: {error}"), &[]);
        }
    }

    fn remove_session(&self) {
        let agent = &self.request.agent;
        if let Err(error) = self.server.kill_session_of(self.beater.assignment().pane) {
            journal::record(Priority::Warning, agent, &format!("cannot remove the session {agent}: {error}"), &[]);
        }
    }
}
