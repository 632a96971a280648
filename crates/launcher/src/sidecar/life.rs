//! A sidecar's life, from taking office to passing on the verdict.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use mosaic_domain::{ExitCode, Pid};
use mosaic_heartbeat::Status;
use mosaic_process::{Cgroup, PidFd, ProcRoot, monotonic};
use mosaic_tmux::Server;
use rustix::rand::{GetRandomFlags, getrandom};

use super::beater::Beater;
use super::notify::Notify;
use super::parent::Parent;
use super::schedule::Schedule;
use super::settle::settles;
use super::signals::{Signals, Wish};
use super::waiting_messages::WaitingMessages;
use super::watch::{Event, Watch};
use super::{Assignment, SidecarError};
use crate::gate::Gate;
use crate::start::Request;
use crate::systemd_service::{SystemdService, is_service};

/// tmux answers in milliseconds, unless it hangs.
const TMUX_LIMIT: Duration = Duration::from_secs(5);

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

/// A sidecar that some service left behind would be ended with that service, and would end the agent:
/// it goes to the group in which tmux started the agent. Where the kernel does not let it (another
/// user's or manager's group), it stays.
fn follow(assignment: &Assignment) {
    let own = Cgroup::own().ok().flatten().filter(|own| is_service(own.name()));
    if let (Some(_), Ok(Some(agents))) = (own, Cgroup::of(assignment.process.pid))
        && let Some(me) = Pid::new(std::process::id())
    {
        let _ = agents.take_in(me);
    }
}

/// A sidecar in office. How its life ends is in `end_of_life`, what it does about a respawned pane in
/// `rebinding`.
pub(super) struct Life {
    pub(super) request: Request,
    pub(super) server: Server,
    pub(super) proc: ProcRoot,
    pub(super) service: Option<SystemdService>,
    pub(super) foreground: bool,
    pub(super) beater: Beater,
    pub(super) watch: Watch,
    pub(super) notify: Notify,
    pub(super) schedule: Schedule,
    messages: WaitingMessages,
}

impl Life {
    fn begin(arguments: &[OsString], foreground: bool) -> Result<Self, SidecarError> {
        let proc = ProcRoot::default();
        let assignment = Assignment::parse(arguments, &proc)?;
        let agent = OsString::from(assignment.agent.as_str());
        let request = Request::parse(Some(&agent), |name| env::var_os(name), Path::new("/"))?;
        // Not to stand in the way of somebody who removes a directory or a mount.
        env::set_current_dir("/")?;
        if !foreground {
            follow(&assignment);
        }
        let watch = Watch {
            signals: Signals::block()?,
            pane: PidFd::open_identity(&proc, &assignment.process)?,
            server: PidFd::open(assignment.server).ok(),
            gate: assignment.gate.and_then(|name| Gate::open(name).ok()),
        };
        let watchdog = Notify::watchdog(|name| env::var_os(name).filter(|_| foreground));
        let mut phase = [0; 4];
        getrandom(&mut phase, GetRandomFlags::empty()).map_err(io::Error::from)?;
        let phase = u32::from_ne_bytes(phase);
        Ok(Self {
            server: Server::new(assignment.tmux.clone(), request.socket.clone()).within(TMUX_LIMIT),
            proc,
            service: SystemdService::ours(|name| env::var_os(name))?.filter(|_| foreground),
            foreground,
            // Left behind by a service of somebody's, the socket is that service's.
            notify: Notify::connect(|name| env::var_os(name).filter(|_| foreground))?,
            schedule: Schedule::new(monotonic(), request.interval.duration(), phase, watchdog),
            beater: Beater::take_office(assignment, request.interval, request.run_directory.clone())?
                .ok_or(SidecarError::Busy)?,
            messages: WaitingMessages::new(&request),
            request,
            watch,
        })
    }

    fn live(&mut self, parent: &mut Parent) -> io::Result<u8> {
        // Of a process that ended before anybody could watch it there is nothing good to say.
        if self.watch.pane.is_some() {
            self.beater.beat(Status::Ok, None);
        }
        self.beater.end_start()?;
        self.announce(parent)?;
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
                    // It may have been respawned before anybody was told that it runs.
                    self.announce(parent)?;
                }
                Event::Visitor => self.admit()?,
                Event::Time => self.announce(parent)?,
            }
            self.do_what_is_due(parent);
            // The other one watches the same agent; two would also report its end twice.
            if self.beater.lost_office() && !self.foreground {
                return Ok(ExitCode::Ok as u8);
            }
        }
    }

    /// Says once that the command runs, if it does.
    fn announce(&mut self, parent: &mut Parent) -> io::Result<()> {
        let pid = self.beater.assignment().process.pid;
        if !parent.has_heard() && self.watch.pane.as_ref().map_or(Ok(false), |pane| settles(&self.proc, pid, pane))? {
            // tmux 3.4 and later moves a pane's process into a scope of its own, on a busy host late.
            self.take_in(pid);
            if self.notify.ready(&self.status_line()) {
                parent.ready()?;
                self.messages.look();
            }
        }
        Ok(())
    }

    fn do_what_is_due(&mut self, parent: &Parent) {
        let now = monotonic();
        let beat = self.schedule.beat_is_due(now);
        if beat {
            self.beater.beat(Status::Ok, None);
        }
        if beat && parent.has_heard() {
            self.messages.look();
        }
        if self.schedule.watchdog_is_due(now, beat) {
            self.notify.watchdog_alive();
        }
    }

    pub(super) fn status_line(&self) -> String {
        let Assignment { agent, pane, process, .. } = self.beater.assignment();
        format!("{agent}: pane {pane}, pid {}", process.pid)
    }
}
