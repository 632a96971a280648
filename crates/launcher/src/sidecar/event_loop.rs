//! The sidecar's event loop, from acquiring its lock to the end of the agent.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_heartbeat::{EndLog, Status};
use mosaic_process::{Cgroup, KernelFile, Notification, PidFd, ProcRoot, ServiceNotifier, monotonic};
use mosaic_tmux::{Pane, Server};
use rustix::rand::{GetRandomFlags, getrandom};

use super::check_rota::{Check, CheckRota};
use super::event_wait::{Event, EventSources, SignalRequest, Signals};
use super::group_watch::GroupWatch;
use super::heartbeat_schedule::HeartbeatSchedule;
use super::heartbeat_writer::HeartbeatWriter;
use super::message_delivery::WaitingMessages;
use super::socket_guard::SocketGuard;
use super::start_report::{StartReport, Starter};
use super::{AgentEnd, Assignment, InvalidAssignment};
use crate::handshake::{ExecSpec, HandshakeError, HandshakeSocket, PaneConnection};
use crate::journal::{self, Priority};
use crate::launch_settings::{LaunchSettings, SettingsError};
use crate::start::exec_spec;
use crate::systemd_service::{SystemdService, is_service};

/// The deadline of a call to tmux, which answers in milliseconds unless it hangs.
pub(super) const TMUX_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the process of a respawned pane may take for the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a command is watched before its start counts as successful.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(250);
const SETTLE_POLL_INTERVAL: Duration = Duration::from_micros(500);

/// The error of a sidecar that could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The arguments are invalid.
    #[error(transparent)]
    Assignment(#[from] InvalidAssignment),
    /// The environment is not the launcher's.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Another sidecar watches the agent.
    #[error("another sidecar watches this agent")]
    Busy,
    /// A system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a sidecar ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SidecarOutcome {
    /// The agent ended in this way.
    AgentEnded(AgentEnd),
    /// Another sidecar watches the agent, which runs on.
    HandedOver,
}

/// Watches the agent that the arguments name until it ends, is stopped, or is handed over.
///
/// # Errors
/// The sidecar could not start, or a system call failed. The agent runs on without a sidecar.
pub fn run(arguments: &[OsString], foreground: bool) -> Result<SidecarOutcome, SidecarError> {
    let mut starter = if foreground { Starter::Systemd } else { Starter::detach()? };
    match Sidecar::new(arguments, foreground) {
        Ok(mut sidecar) => Ok(sidecar.run(&mut starter)?),
        Err(error) => {
            let reason = error.to_string();
            let busy = matches!(error, SidecarError::Busy);
            starter.report_failed(&if busy { StartReport::Busy(reason) } else { StartReport::Failed(reason) });
            Err(error)
        }
    }
}

/// Moves a detached sidecar that was started from within some service to the control group in which tmux started the
/// agent; otherwise it would end with that service, and end the agent. If the kernel denies it (the group belongs to
/// another user or manager), the sidecar stays.
fn leave_service(assignment: &Assignment) {
    let current = Cgroup::current().ok().flatten().filter(|current| is_service(current.name()));
    if let (Some(_), Ok(Some(agent_cgroup))) = (current, Cgroup::from_pid(assignment.process.pid))
        && let Some(own_pid) = Pid::new(std::process::id())
    {
        let _ = agent_cgroup.add_process(own_pid);
    }
}

/// Waits until the process sleeps, at most for [`SETTLE_TIMEOUT`]. Returns `false` if it ended.
///
/// A missing program, or a mistake on the command line, shows while the process still computes, so a process that was
/// seen asleep twice in a row has passed that point. A busy machine does not change that: a process that waits for a
/// processor does not count as asleep.
fn has_settled(proc: &ProcRoot, pid: Pid, fd: &PidFd) -> io::Result<bool> {
    let end = monotonic() + SETTLE_TIMEOUT;
    let mut times_asleep = 0;
    while times_asleep < 2 && monotonic() < end {
        if fd.wait(Some(SETTLE_POLL_INTERVAL))? {
            return Ok(false);
        }
        let is_asleep = proc.stat(pid)?.is_some_and(|stat| stat.state == 'S');
        times_asleep = if is_asleep { times_asleep + 1 } else { 0 };
    }
    Ok(!fd.has_ended()?)
}

/// A sidecar that holds its lock. `agent_end` has what it does when the agent ends.
pub(super) struct Sidecar {
    pub(super) settings: LaunchSettings,
    pub(super) server: Server,
    pub(super) proc: ProcRoot,
    pub(super) service: Option<SystemdService>,
    foreground: bool,
    pub(super) heartbeat: HeartbeatWriter,
    /// `None` if no variable sets the directory of the fleet.
    pub(super) end_log: Option<EndLog>,
    pub(super) events: EventSources,
    pub(super) manager: ServiceNotifier,
    schedule: HeartbeatSchedule,
    group_watch: GroupWatch,
    checks: CheckRota,
    /// The groups of the pane process, once they have been read.
    group_list: Option<KernelFile>,
    /// The process could not be moved into the unit's group, and that was logged.
    is_outside_group: bool,
    messages: WaitingMessages,
    pub(super) socket: SocketGuard,
}

impl Sidecar {
    fn new(arguments: &[OsString], foreground: bool) -> Result<Self, SidecarError> {
        let proc = ProcRoot::default();
        let assignment = Assignment::parse(arguments, &proc)?;
        let agent = OsString::from(assignment.agent.as_str());
        let settings = LaunchSettings::parse(Some(&agent), |name| env::var_os(name), Path::new("/"))?;
        // The working directory of a process cannot be unmounted.
        env::set_current_dir("/")?;
        if !foreground {
            leave_service(&assignment);
        }
        let events = EventSources {
            signals: Signals::block()?,
            pane: PidFd::open_identity(&proc, &assignment.process)?,
            server: PidFd::open(assignment.server).ok(),
            handshake: assignment.handshake.and_then(|address| HandshakeSocket::bind(address).ok()),
        };
        // The variables of a detached sidecar may belong to a service from within which it was started.
        let service_variable = |name: &str| env::var_os(name).filter(|_| foreground);
        let watchdog = ServiceNotifier::watchdog_period(service_variable);
        let mut phase = [0; 4];
        getrandom(&mut phase, GetRandomFlags::empty()).map_err(io::Error::from)?;
        let phase = u32::from_ne_bytes(phase);
        let run_directory = settings.run_directory.path();
        let server = Server::of_fleet(assignment.tmux.clone(), settings.socket.clone(), run_directory);
        Ok(Self {
            socket: SocketGuard::new(&proc, &server, assignment.server),
            server: server.with_timeout(TMUX_TIMEOUT),
            proc,
            service: SystemdService::from_environment(|name| env::var_os(name))?.filter(|_| foreground),
            foreground,
            manager: ServiceNotifier::from_environment(service_variable)?,
            schedule: HeartbeatSchedule::new(monotonic(), settings.interval.duration(), phase, watchdog),
            heartbeat: HeartbeatWriter::acquire_lock(assignment, settings.interval, settings.run_directory.clone())?
                .ok_or(SidecarError::Busy)?,
            group_watch: GroupWatch::new(monotonic()),
            checks: CheckRota::new(),
            group_list: None,
            is_outside_group: false,
            messages: WaitingMessages::new(&settings),
            end_log: settings.end_log(),
            settings,
            events,
        })
    }

    fn run(&mut self, starter: &mut Starter) -> io::Result<SidecarOutcome> {
        // If the process had ended before it could be opened, "ok" would be wrong.
        if self.events.pane.is_some() {
            self.heartbeat.write(Status::Ok, None);
        }
        self.heartbeat.release_starter_lock()?;
        self.report_ready(starter)?;
        loop {
            match self.events.wait(self.time_to_wait(), self.manager.waiting_socket())? {
                Event::Signal => match self.events.signals.next_request()? {
                    Some(SignalRequest::Stop { sender }) => return self.stop(sender).map(SidecarOutcome::AgentEnded),
                    // systemd would take the exit of a unit's main process as the end of the unit.
                    Some(SignalRequest::HandOver) if !self.foreground => return Ok(SidecarOutcome::HandedOver),
                    Some(SignalRequest::HandOver) | None => {}
                },
                Event::PaneEnded | Event::ServerEnded => {
                    if let Some(end) = self.investigate_end()? {
                        self.finish(end, starter)?;
                        return Ok(SidecarOutcome::AgentEnded(end));
                    }
                    // The pane may have been respawned before it was reported to run.
                    self.report_ready(starter)?;
                }
                Event::PaneConnected => self.accept_respawned_pane()?,
                Event::ManagerReads => self.manager.flush(),
                Event::Timeout => self.report_ready(starter)?,
            }
            self.do_due_work(starter);
            // The other sidecar watches the same agent, and both would report its end.
            if self.heartbeat.has_lost_lock() && !self.foreground {
                return Ok(SidecarOutcome::HandedOver);
            }
        }
    }

    fn time_to_wait(&self) -> Duration {
        let now = monotonic();
        let until_heartbeat = self.schedule.time_to_wait(now);
        if self.service.is_some() { self.group_watch.time_to_wait(now, until_heartbeat) } else { until_heartbeat }
    }

    /// Reports once that the command runs, as soon as it does.
    fn report_ready(&mut self, starter: &mut Starter) -> io::Result<()> {
        if starter.is_informed() {
            return Ok(());
        }
        let pid = self.heartbeat.assignment().process.pid;
        if self.events.pane.as_ref().map_or(Ok(false), |pane| has_settled(&self.proc, pid, pane))? {
            self.add_to_cgroup(pid);
            self.manager.notify(Notification::Ready(self.status_line()));
            starter.report_ready()?;
            self.messages.deliver_if_waiting();
        }
        Ok(())
    }

    fn do_due_work(&mut self, starter: &Starter) {
        let now = monotonic();
        let heartbeat_due = self.schedule.heartbeat_is_due(now);
        let group_due = self.service.is_some() && self.group_watch.is_due(now);
        let check = match (heartbeat_due, group_due) {
            (_, true) => Some(Check::Group),
            (true, false) => Some(self.checks.next(self.service.is_some())),
            (false, false) => None,
        };
        if heartbeat_due {
            if check == Some(Check::Lock) {
                self.heartbeat.check_lock();
            }
            self.heartbeat.write(Status::Ok, None);
        }
        match check {
            Some(Check::Socket) => self.socket.restore(&self.proc, &self.settings.agent),
            Some(Check::Group) => self.add_to_cgroup(self.heartbeat.assignment().process.pid),
            Some(Check::Lock) | None => {}
        }
        if heartbeat_due && starter.is_informed() {
            self.messages.deliver_if_waiting();
        }
        if self.schedule.watchdog_is_due(now, heartbeat_due) {
            self.manager.notify(Notification::Watchdog);
        }
    }

    fn status_line(&self) -> String {
        let Assignment { agent, pane, process, .. } = self.heartbeat.assignment();
        format!("{agent}: pane {pane}, pid {}", process.pid)
    }

    /// Performs the handshake with the process of a respawned pane, as the launcher did with the first one.
    pub(super) fn accept_respawned_pane(&mut self) -> io::Result<()> {
        while let Some(connection) = self.events.handshake.as_ref().map_or(Ok(None), HandshakeSocket::accept)? {
            let pane = self.server.pane(self.heartbeat.assignment().pane).unwrap_or(None);
            let Some(pane) = pane.filter(|pane| pane.pid == Some(connection.pid())) else { continue };
            let cgroup = self.service.as_ref().map(SystemdService::cgroup);
            let spec = exec_spec(&self.settings, env::vars_os(), cgroup);
            if self.bind_to(&pane)?
                && let Err(error) = self.start_command(connection, &spec)
            {
                let agent = &self.settings.agent;
                journal::record_meanwhile(Priority::Error, agent, &format!("{agent}: {error}"));
            }
        }
        Ok(())
    }

    fn start_command(&self, connection: PaneConnection, spec: &ExecSpec) -> Result<(), HandshakeError> {
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach_process(pid));
        connection.send_spec(spec, HANDSHAKE_TIMEOUT, attach)?;
        connection.release(HANDSHAKE_TIMEOUT)
    }

    /// Watches the process that is in the pane now. Returns `false` if it has ended.
    pub(super) fn bind_to(&mut self, pane: &Pane) -> io::Result<bool> {
        let Some(pid) = pane.pid else { return Ok(false) };
        let Ok(fd) = PidFd::open(pid) else { return Ok(false) };
        let Some(identity) = self.proc.identity(pid)? else { return Ok(false) };
        // The respawned process is noticed twice, in the pane and on the socket; it is one start.
        if identity == self.heartbeat.assignment().process {
            return Ok(true);
        }
        // While tmux shows the process as running, the PID that was opened above cannot belong to another process.
        let present = self.server.pane(pane.id).unwrap_or(None);
        if present.is_none_or(|present| present.pid != Some(pid) || present.verdict.is_some()) {
            return Ok(false);
        }
        self.group_list = None;
        self.add_to_cgroup(pid);
        self.group_watch = GroupWatch::new(monotonic());
        self.events.pane = Some(fd);
        self.heartbeat.bind_to(identity);
        self.heartbeat.write(Status::Ok, None);
        self.manager.notify(Notification::Status(self.status_line()));
        Ok(true)
    }

    /// Moves a process and its descendants into the unit's control group, unless it is there. A failure is logged once
    /// until it is over.
    fn add_to_cgroup(&mut self, pid: Pid) {
        let Some(service) = &self.service else { return };
        if self.group_list.is_none() {
            self.group_list = Cgroup::open_groups_of(pid).ok();
        }
        // A process that has ended is reported elsewhere.
        let is_outside = self.group_list.as_ref().is_some_and(|list| matches!(service.cgroup().is_in(list), Ok(false)));
        let moved = if is_outside { service.add_process_tree(&self.proc, pid) } else { Ok(()) };
        let was_outside = std::mem::replace(&mut self.is_outside_group, moved.is_err());
        if let Err(reason) = moved
            && !was_outside
        {
            let agent = &self.settings.agent;
            let message = format!("{agent} stays outside its unit's control group, so limits do not apply: {reason}");
            journal::record_meanwhile(Priority::Warning, agent, &message);
        }
    }
}
