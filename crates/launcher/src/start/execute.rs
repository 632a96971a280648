//! Looks and does, step by step, what [`plan`](super::plan) decides.

use std::env;
use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use domain::{Pid, ProcessIdentity};
use process::{Cgroup, PidFd, ProcRoot};
use rustix::process::Signal;
use tmux::{Created, NewSession, Pane, Server, StartServer, TmuxError};

use super::plan::{Manner, Seen, Session, Step, Watcher, plan};
use super::successor::Successor;
use super::{Arguments, Request, StartError, pane_orders};
use crate::gate::{Gate, GateName};
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

struct Start {
    request: Request,
    service: Option<SystemdService>,
    server: Server,
    orders: crate::gate::Orders,
    lock: AgentLock,
    proc: ProcRoot,
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

    /// Makes the session, and lets the pane process become the agent's command. `None` if there is
    /// a session of that name.
    fn create(&self) -> Result<Option<Assignment>, StartError> {
        let pane_program = Successor::program(&self.request, "agent-pane")?;
        let failed = StartError::system("cannot open the pane's gate");
        let name = GateName::new().map_err(&failed)?;
        let gate = Gate::open(name).map_err(&failed)?;
        let argv = [pane_program.into_os_string(), name.to_string().into()];
        let Created::New { pane, pid, server } = self.new_session(&argv)? else { return Ok(None) };
        match self.bring_up(&gate, pid) {
            Ok(identity) => {
                Ok(Some(Assignment::first(&self.request, &self.server, pane, identity, server, Some(name))))
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = self.server.kill_session(&self.request.agent);
                Err(error)
            }
        }
    }

    fn new_session(&self, argv: &[std::ffi::OsString]) -> Result<Created, StartError> {
        let wanted = |start_server| NewSession {
            agent: &self.request.agent,
            directory: &self.request.working_directory,
            argv,
            start_server,
        };
        match self.server.new_session(&wanted(StartServer::Never)) {
            // A unit that starts the server would own it, and take it along when it is stopped.
            Err(TmuxError::NoServer { .. }) if self.service.is_none() => {
                Ok(self.server.new_session(&wanted(StartServer::IfAbsent))?)
            }
            Err(refused @ TmuxError::Refused { .. }) => {
                // An old tmux stumbles over an option; its age is what there is to tell.
                self.server.check_version()?;
                Err(refused.into())
            }
            other => Ok(other?),
        }
    }

    /// From a pane process that waits at the gate to one that runs the command.
    fn bring_up(&self, gate: &Gate, pid: Pid) -> Result<ProcessIdentity, StartError> {
        let at_the_gate = |source| StartError::Gate { agent: self.request.agent.clone(), source };
        let in_proc = StartError::system("cannot read the pane process");
        let fd = PidFd::open(pid).map_err(&in_proc)?;
        let visitor = gate.wait_for(pid, fd.as_fd(), Server::LIMIT).map_err(at_the_gate)?;
        let identity = self.proc.identity(pid).map_err(&in_proc)?;
        let identity = identity.ok_or_else(|| in_proc(std::io::ErrorKind::NotFound.into()))?;
        let attach = |pid| self.service.as_ref().map_or(Ok(()), |service| service.attach(pid));
        if let Some(why) = visitor.brief(&self.orders, Server::LIMIT, attach).map_err(at_the_gate)? {
            eprintln!(
                "WARNING: {} runs outside its unit's control group, so limits and a clean kill do not apply: {}",
                self.request.agent,
                why.display()
            );
        }
        visitor.let_go(Server::LIMIT).map_err(at_the_gate)?;
        Ok(identity)
    }

    /// Takes on the session that is there; `None` if its process ended meanwhile.
    fn adopt(&self, seen: &Pane) -> Result<Option<Assignment>, StartError> {
        let in_proc = StartError::system("cannot read the pane process");
        let Ok(_fd) = PidFd::open(seen.pid) else { return Ok(None) };
        let Some(identity) = self.proc.identity(seen.pid).map_err(&in_proc)? else { return Ok(None) };
        // tmux waits for its children itself: while it still counts the process as running, the PID
        // that we have opened cannot be another's.
        let same = |pane: &Pane| pane.pid == seen.pid && !pane.dead && pane.verdict.is_none();
        let Some(pane) = self.server.pane(seen.id)?.filter(same) else { return Ok(None) };
        self.server.keep_dead_pane(pane.id)?;
        if let Some(service) = &self.service {
            self.take_in(service, pane.pid);
        }
        let gate = GateName::of_pane(&pane.start_command);
        Ok(Some(Assignment::first(&self.request, &self.server, pane.id, identity, pane.server, gate)))
    }

    /// Moves an adopted process and what it started into the unit's group.
    fn take_in(&self, service: &SystemdService, pid: Pid) {
        let members = service.group().members().unwrap_or_default();
        for pid in std::iter::once(pid).chain(self.proc.descendants(pid)).filter(|pid| !members.contains(pid)) {
            if let Err(error) = service.group().take_in(pid)
                && let Err(why) = service.attach(pid)
            {
                eprintln!("WARNING: process {pid} stays outside the unit's control group: {error}; {why}");
            }
        }
    }
}
