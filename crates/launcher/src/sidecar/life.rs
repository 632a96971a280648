//! A sidecar's life, from taking office to passing on the verdict.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use domain::{ExitCode, ExitVerdict};
use heartbeat::Status;
use process::{PidFd, ProcRoot, monotonic, since_boot, start_of};
use rustix::rand::{GetRandomFlags, getrandom};
use tmux::{Pane, Server};

use super::beater::Beater;
use super::ending::{Evidence, Meaning, first_guess, judge};
use super::journal::{self, Priority};
use super::notify::Notify;
use super::parent::Parent;
use super::post_mortem::{self, Ending};
use super::schedule::Schedule;
use super::settle::settles;
use super::signals::{Request as Wish, Signals};
use super::stop::{Urgency, end_pane_process};
use super::watch::{Event, Watch};
use super::{Assignment, InvalidAssignment, remainder};
use crate::gate::{Gate, Visitor};
use crate::start::{Request, RequestError, pane_orders};
use crate::systemd_service::SystemdService;

/// Why a sidecar could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// Not started as it must be.
    #[error(transparent)]
    Assignment(#[from] InvalidAssignment),
    /// The environment is not the launcher's.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Another sidecar watches the agent.
    #[error("another sidecar watches this agent")]
    Busy,
    /// The system refused something that it needs.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl SidecarError {
    /// The exit code that says so.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Assignment(_) => ExitCode::Usage,
            Self::Request(error) => error.exit_code(),
            Self::Busy => ExitCode::Busy,
            Self::Io(_) => ExitCode::Io,
        }
    }
}

/// tmux has waited for a process milliseconds after it ended, unless it hangs.
const TMUX_LIMIT: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOKS: u32 = 200;
/// A server's descriptors are closed, and its panes hung up, a moment before it has ended.
const SERVER_ENDS_WITHIN: Duration = Duration::from_millis(50);
/// How long a respawned pane may take at the gate.
const GATE_LIMIT: Duration = Duration::from_secs(5);

/// Watches the agent that the arguments name until it ends, is stopped, or is handed over; says
/// with which exit code this process ends.
///
/// # Errors
/// It could not take office; the agent runs on, unwatched.
pub fn run(arguments: &[OsString], foreground: bool) -> Result<u8, SidecarError> {
    let mut parent = if foreground { Parent::Systemd } else { Parent::detach()? };
    let taken = Life::begin(arguments, foreground);
    match taken {
        Ok(mut life) => Ok(life.live(&mut parent)?),
        Err(error) => {
            parent.failed(&error.to_string());
            Err(error)
        }
    }
}

struct Life {
    request: Request,
    server: Server,
    proc: ProcRoot,
    service: Option<SystemdService>,
    foreground: bool,
    beater: Beater,
    watch: Watch,
    notify: Notify,
    schedule: Schedule,
}

impl Life {
    fn begin(arguments: &[OsString], foreground: bool) -> Result<Self, SidecarError> {
        let proc = ProcRoot::default();
        let assignment = Assignment::parse(arguments, &proc)?;
        let agent = OsString::from(assignment.agent.as_str());
        let request = Request::parse(Some(&agent), |name| env::var_os(name), Path::new("/"))?;
        // Not to stand in the way of somebody who removes a directory or a mount.
        env::set_current_dir("/")?;
        let watch = Watch {
            signals: Signals::block()?,
            pane: PidFd::open_identity(&proc, &assignment.process)?,
            server: PidFd::open(assignment.server).ok(),
            gate: assignment.gate.and_then(|name| Gate::open(name).ok()),
        };
        let watchdog = Notify::watchdog(|name| env::var_os(name));
        let mut phase = [0; 4];
        getrandom(&mut phase, GetRandomFlags::empty()).map_err(io::Error::from)?;
        let phase = u32::from_ne_bytes(phase);
        Ok(Self {
            server: Server::new(assignment.tmux.clone(), request.socket.clone()).within(TMUX_LIMIT),
            proc,
            service: SystemdService::ours(|name| env::var_os(name))?,
            foreground,
            notify: Notify::connect(|name| env::var_os(name))?,
            schedule: Schedule::new(monotonic(), request.interval.duration(), phase, watchdog),
            beater: Beater::take_office(assignment, request.interval, request.run_directory.clone())?
                .ok_or(SidecarError::Busy)?,
            request,
            watch,
        })
    }

    fn live(&mut self, parent: &mut Parent) -> io::Result<u8> {
        self.beater.beat(Status::Ok, None);
        self.beater.end_start()?;
        let pid = self.beater.assignment().process.pid;
        if self.watch.pane.as_ref().map_or(Ok(false), |pane| settles(&self.proc, pid, pane))? {
            self.notify.ready(&self.status_line());
            parent.ready()?;
        }
        loop {
            match self.watch.wait(self.schedule.wait(monotonic()))? {
                Event::Signal => match self.watch.signals.next()? {
                    Some(Wish::Stop) => return self.stop(),
                    // systemd would take it for the unit's end.
                    Some(Wish::HandOver) if !self.foreground => return Ok(ExitCode::Ok as u8),
                    Some(Wish::HandOver) | None => {}
                },
                Event::PaneEnded | Event::ServerEnded => {
                    if let Some(ending) = self.look_into_end()? {
                        return self.finish(ending, parent);
                    }
                }
                Event::Visitor => self.admit()?,
                Event::Time => {}
            }
            self.do_what_is_due();
        }
    }

    fn do_what_is_due(&mut self) {
        let now = monotonic();
        let beat = self.schedule.beat_is_due(now);
        if beat {
            self.beater.beat(Status::Ok, None);
        }
        if self.schedule.watchdog_is_due(now, beat) {
            self.notify.watchdog_alive();
        }
    }

    fn status_line(&self) -> String {
        let Assignment { agent, pane, process, .. } = self.beater.assignment();
        format!("{agent}: pane {pane}, pid {}", process.pid)
    }

    /// `None` if the agent lives on in a respawned pane.
    fn look_into_end(&mut self) -> io::Result<Option<Ending>> {
        let (pane, pid) = (self.beater.assignment().pane, self.beater.assignment().process.pid);
        let kernel = self.proc.stat(pid)?.and_then(|stat| stat.verdict());
        let guess = first_guess(kernel, self.server_ended(Duration::ZERO)?);
        if guess.is_some() {
            self.beater.beat(Status::Exited, guess);
        }
        for _ in 0..LOOKS {
            let pane = self.server.pane(pane).unwrap_or(None);
            let server_ended = self.server_ended(if pane.is_none() { SERVER_ENDS_WITHIN } else { Duration::ZERO })?;
            match judge(&Evidence { pid, kernel, server_ended, pane }) {
                Meaning::Respawned(pane) => {
                    self.admit()?;
                    if self.beater.assignment().process.pid != pane.pid {
                        self.rebind(&pane)?;
                    }
                    return Ok(None);
                }
                Meaning::Exited(verdict) => return Ok(Some(Ending::Exited(verdict))),
                Meaning::Lost => return Ok(Some(Ending::Lost)),
                // The process may still be alive to tmux: wait for it to look, not for a fixed time.
                Meaning::NotYet => std::thread::sleep(LOOK_AGAIN),
            }
        }
        Ok(Some(Ending::Lost))
    }

    fn server_ended(&self, patience: Duration) -> io::Result<bool> {
        self.watch.server.as_ref().map_or(Ok(true), |server| server.wait(Some(patience)))
    }

    /// Lets a respawned pane's process in, which comes for its orders as the first one did.
    fn admit(&mut self) -> io::Result<()> {
        while let Some(visitor) = self.watch.gate.as_ref().map_or(Ok(None), Gate::next_visitor)? {
            let pane = self.server.pane(self.beater.assignment().pane).unwrap_or(None);
            let Some(pane) = pane.filter(|pane| pane.pid == visitor.pid()) else { continue };
            let group = self.service.as_ref().map(SystemdService::group);
            let orders = pane_orders(&self.request, env::vars_os(), group);
            if self.rebind(&pane)?
                && let Err(error) = self.brief(visitor, &orders)
            {
                journal::record(Priority::Error, &self.request.agent, &format!("{}: {error}", self.request.agent), &[]);
            }
        }
        Ok(())
    }

    fn brief(&self, visitor: Visitor, orders: &crate::gate::Orders) -> Result<(), crate::gate::GateError> {
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach(pid));
        visitor.brief(orders, GATE_LIMIT, attach)?;
        visitor.let_go(GATE_LIMIT)
    }

    /// Watches the process that is in the pane now; `false` if it has ended meanwhile.
    fn rebind(&mut self, pane: &Pane) -> io::Result<bool> {
        let Ok(fd) = PidFd::open(pane.pid) else { return Ok(false) };
        let Some(identity) = self.proc.identity(pane.pid)? else { return Ok(false) };
        if let Some(service) = &self.service
            && let Err(error) = service.group().take_in(pane.pid)
            && let Err(why) = service.attach(pane.pid)
        {
            let message = format!("process {} stays outside the unit's control group: {error}; {why}", pane.pid);
            journal::record(Priority::Warning, &self.request.agent, &message, &[]);
        }
        self.watch.pane = Some(fd);
        self.beater.rebind(identity);
        self.beater.beat(Status::Ok, None);
        self.notify.status(&self.status_line());
        Ok(true)
    }

    fn stop(&mut self) -> io::Result<u8> {
        self.notify.stopping("asking the agent to end");
        let urgency = match &self.watch.pane {
            Some(pane) => end_pane_process(pane, &self.watch)?,
            None => Urgency::Patient,
        };
        self.beater.beat(Status::Stopped, None);
        self.clean_up(if urgency == Urgency::AtOnce { Duration::ZERO } else { remainder::GRACE })?;
        self.write_post_mortem(Ending::Stopped, &[]);
        Ok(ExitCode::Ok as u8)
    }

    /// The last beat, the record, the session's removal, and the verdict for systemd.
    fn finish(&mut self, ending: Ending, parent: &mut Parent) -> io::Result<u8> {
        let (status, verdict, code) = match ending {
            Ending::Exited(verdict) => (Status::Exited, Some(verdict), verdict.as_exit_code()),
            Ending::Lost | Ending::Stopped => (Status::Lost, None, ExitCode::Unavailable as u8),
        };
        self.beater.beat(status, verdict);
        let how = ending.headline();
        if ending == Ending::Exited(ExitVerdict::Code(0)) && !parent.has_heard() {
            // Success, however short: without READY systemd would call it a failure of protocol.
            self.notify.ready(&how);
        }
        self.notify.stopping(&how);
        let pane = self.beater.assignment().pane;
        let lines = match ending {
            Ending::Exited(_) => self.server.last_lines(pane, post_mortem::LINES).unwrap_or_default(),
            Ending::Lost | Ending::Stopped => Vec::new(),
        };
        self.write_post_mortem(ending, &lines);
        if let Some(pane) = &self.watch.pane {
            // After the server it may live on, if it ignores SIGHUP.
            remainder::ask_to_end(pane)?;
        }
        self.clean_up(remainder::GRACE)?;
        parent.ended(&how, &lines);
        Ok(code)
    }

    fn write_post_mortem(&self, ending: Ending, lines: &[String]) {
        let assignment = self.beater.assignment();
        let lived = since_boot().saturating_sub(start_of(&assignment.process));
        post_mortem::write(assignment, self.request.runtime.as_str(), ending, lived, lines);
    }

    /// Removes the session, and ends whatever the agent left running in the unit's group.
    fn clean_up(&self, grace: Duration) -> io::Result<()> {
        let agent = &self.request.agent;
        if let Err(error) = self.server.kill_session(agent) {
            journal::record(Priority::Warning, agent, &format!("cannot remove the session {agent}: {error}"), &[]);
        }
        match self.service.as_ref().map(SystemdService::group) {
            Some(group) => remainder::end(group, grace),
            None => Ok(()),
        }
    }
}
