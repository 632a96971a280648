//! Looks and does, step by step, what [`plan`](super::plan) decides.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_heartbeat::{AgentLock, Role};
use mosaic_process::{Cgroup, PidFd, ProcRoot};
use mosaic_tmux::{Pane, Server, TmuxError};
use rustix::process::Signal;

use super::plan::{Manner, Seen, Session, Step, Watcher, plan};
use super::stop_request::StopRequest;
use super::successor::Successor;
use super::{Arguments, Request, StartError, pane_orders};
use crate::gate::{GateName, Orders};
use crate::sidecar::{Assignment, end_process};
use crate::systemd_service::{SystemdService, is_service};

/// How long to wait for another start of the same agent; each takes milliseconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// More steps than any start needs: somebody else makes and removes the session all the time.
const STEPS: u32 = 20;
/// How long another sidecar may take to give way: to end an agent it has ten seconds itself.
const GIVING_WAY: Duration = Duration::from_secs(20);

/// Starts an agent as the command line and the environment say. In the foreground it does not
/// return unless that failed: this process becomes the sidecar.
///
/// # Errors
/// The agent was not started; what was made on the way is removed.
pub fn run(arguments: &Arguments) -> Result<(), StartError> {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let request = Request::parse(arguments.agent.as_deref(), |name| env::var_os(name), &here)?;
    let service =
        SystemdService::ours(|name| env::var_os(name)).map_err(StartError::system("cannot read /proc/self"))?;
    let inside_a_service = service.is_some();
    // Left behind by some service of somebody's, an agent must not end with that.
    let service = service.filter(|_| arguments.foreground);
    let orders = pane_orders(&request, env::vars_os(), service.as_ref().map(SystemdService::group));
    let path = orders.environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str());
    let server = Server::new(mosaic_tmux::find_program(path)?, request.socket.clone());
    make_working_directory(&request.working_directory)
        .map_err(|source| StartError::WorkingDirectory { path: request.working_directory.clone(), source })?;
    request.run_directory.prepare()?;
    let lock = take_starters_lock(&request)?;
    let manner = Manner { foreground: arguments.foreground, replace: arguments.replace };
    let asked = server.clone();
    match (Start { request, service, inside_a_service, server, orders, lock, proc: ProcRoot::default() }.run(manner)) {
        Err(StartError::Tmux(refused @ TmuxError::Refused { .. })) => {
            // An old tmux stumbles over an option; its age is what there is to tell.
            asked.check_version()?;
            Err(refused.into())
        }
        other => other,
    }
}

/// Makes the directory, and sees that it can be entered: tmux would silently use another.
fn make_working_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).map_err(io::Error::from)
}

/// The pane of the session that is the agent's, when somebody has split it: the one of the process
/// that the last heartbeat names, else one that was started as an agent's, else the first.
fn agents_own(panes: Vec<Pane>, known: Option<Pid>) -> Option<Pane> {
    let by_heartbeat = panes.iter().position(|pane| Some(pane.pid) == known);
    let by_gate = || panes.iter().position(|pane| GateName::of_pane(&pane.start_command).is_some());
    let index = by_heartbeat.or_else(by_gate).unwrap_or(0);
    panes.into_iter().nth(index)
}

fn take_starters_lock(request: &Request) -> Result<AgentLock, StartError> {
    let lock = AgentLock::open(&request.run_directory, &request.agent).map_err(|source| {
        StartError::RunDirectory(mosaic_heartbeat::RunDirectoryError {
            path: request.run_directory.path().to_owned(),
            source,
        })
    })?;
    if lock.try_take(Role::Starter).map_err(StartError::system("cannot lock the agent"))? {
        return Ok(lock);
    }
    let path = lock.path().to_owned();
    let (done, taken) = mpsc::sync_channel(1);
    // A lock with a deadline: the thread waits in the kernel, and ends with the process.
    thread::spawn(move || done.send(lock.take(Role::Starter).map(|()| lock)));
    match taken.recv_timeout(PATIENCE) {
        // The run directory was made anew while we waited, and others lock another file.
        Ok(Ok(lock)) if !lock.is_in_place() => take_starters_lock(request),
        Ok(taken) => taken.map_err(StartError::system("cannot lock the agent")),
        Err(_) => Err(StartError::Starting { agent: request.agent.clone(), seconds: PATIENCE.as_secs(), lock: path }),
    }
}

/// A start under way, with the starter's lock. Making a session is in `creation`, taking one on in
/// `adoption`.
pub(super) struct Start {
    pub(super) request: Request,
    /// The unit that the agent is to be part of.
    pub(super) service: Option<SystemdService>,
    pub(super) inside_a_service: bool,
    pub(super) server: Server,
    pub(super) orders: Orders,
    pub(super) lock: AgentLock,
    pub(super) proc: ProcRoot,
}

/// An agent that runs and has no sidecar yet.
pub(super) struct Running {
    pub(super) assignment: Assignment,
    /// Caught since before it ran: a start that was killed now would leave it unwatched.
    pub(super) stop: StopRequest,
}

impl Start {
    fn run(self, manner: Manner) -> Result<(), StartError> {
        let mut seen = Seen { sidecar: None, session: Session::Unknown, replaced: false };
        for _ in 0..STEPS {
            seen.sidecar = self.watcher()?;
            match plan(manner, &seen) {
                Step::Look => seen.session = self.look()?,
                Step::Create => match self.create()? {
                    Some(running) => return self.succeed(manner, &running),
                    None => seen.session = self.look()?,
                },
                Step::Remove => {
                    self.server.kill_session(&self.request.agent)?;
                    seen.session = Session::Absent;
                }
                Step::End(pane) => {
                    self.end(&pane)?;
                    (seen.session, seen.replaced) = (Session::Absent, true);
                }
                Step::TakeOver(pid) => {
                    self.dismiss(pid, Some(Signal::USR1))?;
                }
                Step::Stop(pid) => {
                    self.dismiss(pid, Some(Signal::TERM))?;
                    (seen.session, seen.replaced) = (self.look()?, true);
                }
                Step::AwaitEnd(pid) => {
                    self.dismiss(pid, None)?;
                    seen.session = self.look()?;
                }
                Step::Adopt(pane) => match self.adopt(&pane)? {
                    Some(running) => {
                        self.say_already_running();
                        return self.succeed(manner, &running);
                    }
                    None => seen.session = self.look()?,
                },
                Step::AlreadyRunning => {
                    self.say_already_running();
                    return Ok(());
                }
                Step::RefuseUnit(sidecar) => {
                    return Err(StartError::OfAUnit { agent: self.request.agent.clone(), sidecar });
                }
            }
        }
        Err(StartError::Unsteady { agent: self.request.agent.clone(), socket: self.request.socket.clone() })
    }

    /// Ends a session that nobody watches, its process first: one that ignores SIGHUP would live on
    /// beside the new one.
    fn end(&self, pane: &Pane) -> Result<(), StartError> {
        if let Ok(process) = PidFd::open(pane.pid) {
            end_process(&process).map_err(StartError::system("cannot end the agent's process"))?;
        }
        Ok(self.server.kill_session_of(pane.id)?)
    }

    fn succeed(self, manner: Manner, running: &Running) -> Result<(), StartError> {
        let successor = Successor { request: &self.request, assignment: &running.assignment };
        if !manner.foreground {
            return successor.leave_behind();
        }
        running.stop.hand_on().map_err(StartError::system("cannot hand a signal on"))?;
        Err(successor.become_it(&self.lock))
    }

    fn say_already_running(&self) {
        println!("Mosaic agent session already running: {} on socket {}", self.request.agent, self.request.socket);
    }

    fn watcher(&self) -> Result<Option<Watcher>, StartError> {
        let holder = self.lock.holder(Role::Sidecar).map_err(StartError::system("cannot look at the agent's lock"))?;
        Ok(holder.map(|pid| {
            let group = Cgroup::of(pid).ok().flatten();
            Watcher { pid, of_a_unit: group.is_some_and(|group| is_service(group.name())) && self.is_main_process(pid) }
        }))
    }

    /// A detached sidecar that was left behind from within some service is in that service's
    /// group too; it is the main process of none.
    fn is_main_process(&self, pid: Pid) -> bool {
        self.proc.variable(pid, "SYSTEMD_EXEC_PID").ok().flatten().is_some_and(|main| main == pid.to_string().as_str())
    }

    fn look(&self) -> Result<Session, StartError> {
        let Some(panes) = self.server.agent_panes(&self.request.agent)? else { return Ok(Session::Absent) };
        // An unreadable heartbeat knows of none.
        let known = mosaic_heartbeat::read(&self.request.run_directory.heartbeat(&self.request.agent)).ok().flatten();
        let Some(pane) = agents_own(panes, known.map(|heartbeat| heartbeat.pid)) else { return Ok(Session::Absent) };
        // tmux now and then misses that a child ended, and goes on to show it as running.
        let stat = self.proc.stat(pane.pid).map_err(StartError::system("cannot read the pane process"))?;
        let runs = !pane.dead && pane.verdict.is_none() && stat.is_some_and(|stat| !stat.is_zombie());
        Ok(if runs { Session::Alive(pane) } else { Session::Dead })
    }

    /// Sends the watcher a signal, if one is due, and waits until it is gone.
    fn dismiss(&self, pid: Pid, signal: Option<Signal>) -> Result<(), StartError> {
        let failed = StartError::system("cannot reach the agent's sidecar");
        let Ok(watcher) = PidFd::open(pid) else { return Ok(()) };
        // By its descriptor now, it is still who holds the lock, or it is gone.
        if self.lock.holder(Role::Sidecar).map_err(&failed)? != Some(pid) {
            return Ok(());
        }
        if let Some(signal) = signal {
            watcher.signal(signal).map_err(&failed)?;
        }
        if watcher.wait(Some(GIVING_WAY)).map_err(&failed)? {
            return Ok(());
        }
        let agent = self.request.agent.clone();
        Err(StartError::Watched { agent, sidecar: pid, seconds: GIVING_WAY.as_secs() })
    }
}
