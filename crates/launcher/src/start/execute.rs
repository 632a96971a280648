//! Looks and does, step by step, what [`plan`](super::plan) decides.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use domain::Pid;
use process::{Cgroup, PidFd, ProcRoot};
use rustix::process::Signal;
use tmux::Server;

use super::plan::{Manner, Seen, Session, Step, Watcher, plan};
use super::successor::Successor;
use super::{Arguments, Request, StartError, pane_orders};
use crate::gate::Orders;
use crate::lock::{AgentLock, Role};
use crate::sidecar::Assignment;
use crate::systemd_service::{SystemdService, is_service};

/// How long to wait for another start of the same agent; each takes milliseconds.
const PATIENCE: Duration = Duration::from_mins(1);
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
    let orders = pane_orders(&request, env::vars_os(), service.as_ref().map(SystemdService::group));
    let path = orders.environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str());
    let server = Server::new(tmux::find_program(path)?, request.socket.clone());
    fs::create_dir_all(&request.working_directory)
        .map_err(|source| StartError::WorkingDirectory { path: request.working_directory.clone(), source })?;
    request.run_directory.prepare()?;
    let lock = take_starters_lock(&request)?;
    let manner = Manner { foreground: arguments.foreground, replace: arguments.replace };
    Start { request, service, server, orders, lock, proc: ProcRoot::default() }.run(manner)
}

fn take_starters_lock(request: &Request) -> Result<AgentLock, StartError> {
    let lock = AgentLock::open(&request.run_directory, &request.agent).map_err(|source| {
        StartError::RunDirectory(heartbeat::RunDirectoryError { path: request.run_directory.path().to_owned(), source })
    })?;
    let path = lock.path().to_owned();
    let (done, taken) = mpsc::sync_channel(1);
    // A lock with a deadline: the thread waits in the kernel, and ends with the process.
    thread::spawn(move || done.send(lock.take(Role::Starter).map(|()| lock)));
    match taken.recv_timeout(PATIENCE) {
        Ok(taken) => taken.map_err(StartError::system("cannot lock the agent")),
        Err(_) => Err(StartError::Starting { agent: request.agent.clone(), seconds: PATIENCE.as_secs(), lock: path }),
    }
}

/// A start under way, with the starter's lock. Making a session is in `creation`, taking one on in
/// `adoption`.
pub(super) struct Start {
    pub(super) request: Request,
    pub(super) service: Option<SystemdService>,
    pub(super) server: Server,
    pub(super) orders: Orders,
    pub(super) lock: AgentLock,
    pub(super) proc: ProcRoot,
}

impl Start {
    fn run(self, manner: Manner) -> Result<(), StartError> {
        let mut manner = manner;
        let mut session = Session::Unknown;
        loop {
            let sidecar = self.watcher()?;
            match plan(manner, &Seen { sidecar, session: session.clone() }) {
                Step::Look => session = self.look()?,
                Step::Create => match self.create()? {
                    Some(assignment) => return self.succeed(manner, &assignment),
                    None => session = self.look()?,
                },
                Step::Remove => {
                    self.server.kill_session(&self.request.agent)?;
                    session = Session::Absent;
                }
                Step::TakeOver(pid) => {
                    self.dismiss(pid, Some(Signal::USR1))?;
                }
                Step::Stop(pid) => {
                    self.dismiss(pid, Some(Signal::TERM))?;
                    manner.replace = false;
                    session = self.look()?;
                }
                Step::AwaitEnd(pid) => {
                    self.dismiss(pid, None)?;
                    session = self.look()?;
                }
                Step::Adopt(pane) => match self.adopt(&pane)? {
                    Some(assignment) => {
                        self.say_already_running();
                        return self.succeed(manner, &assignment);
                    }
                    None => session = self.look()?,
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
    }

    fn succeed(self, manner: Manner, assignment: &Assignment) -> Result<(), StartError> {
        let successor = Successor { request: &self.request, assignment };
        if manner.foreground { Err(successor.become_it(&self.lock)) } else { successor.leave_behind() }
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
        let Some(pane) = self.server.agent_pane(&self.request.agent)? else { return Ok(Session::Absent) };
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
