//! Executing a start: observing, and doing what [`plan`](super::start_plan) decides, until the agent runs.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use mosaic_domain::{Pid, env_var};
use mosaic_heartbeat::{AgentLock, LockRole, RunDirectoryError, StopRecord};
use mosaic_process::{Cgroup, PidFd, ProcRoot, spawn_thread};
use mosaic_tmux::{Pane, PaneId, Server, ServerRecord, TmuxError};
use rustix::process::Signal;

use super::session_setup::RunningAgent;
use super::sidecar_launcher::SidecarLauncher;
use super::start_output::StartOutcome;
use super::start_plan::{Mode, Observed, RunningSidecar, Session, Step, plan};
use super::{Arguments, StartError, StartOutput, exec_spec, restart_delay};
use crate::agent_env_file;
use crate::handshake::{ExecSpec, HandshakeAddress};
use crate::launch_settings::LaunchSettings;
use crate::sidecar::end_process;
use crate::systemd_service::{SystemdService, is_service};

/// How long to wait for another start of the same agent. A start takes milliseconds.
const START_LOCK_TIMEOUT: Duration = Duration::from_mins(1);
/// More steps than any start needs, unless another process makes and removes the session all the time.
const MAX_STEPS: u32 = 20;
/// How long the tmux server may take to open its socket again. It takes milliseconds unless it hangs.
const SOCKET_TIMEOUT: Duration = Duration::from_secs(5);
/// How long another sidecar may take to exit. It may need ten seconds to end the agent.
const SIDECAR_EXIT_TIMEOUT: Duration = Duration::from_secs(20);

/// Starts an agent as the command line and the environment say. In the foreground it returns only on failure, because
/// this process becomes the sidecar.
///
/// # Errors
/// The agent was not started. Everything that the start made has been removed.
pub fn run(arguments: &Arguments) -> Result<(), StartError> {
    start(arguments).inspect_err(|error| restart_delay::record_failed_start(arguments, error))
}

fn start(arguments: &Arguments) -> Result<(), StartError> {
    if let Some(agent) = arguments.agent.clone().or_else(|| env::var_os(env_var::AGENT_NAME)) {
        agent_env_file::load_in_unit(&agent)?;
    }
    let current_dir = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let settings = LaunchSettings::parse(arguments.agent.as_deref(), |name| env::var_os(name), &current_dir)?;
    let service = SystemdService::from_environment(|name| env::var_os(name))
        .map_err(StartError::system("cannot read /proc/self"))?;
    let is_in_service = service.is_some();
    // An agent that is started detached from within some service must not end with that service.
    let service = service.filter(|_| arguments.foreground);
    let spec = exec_spec(&settings, env::vars_os(), service.as_ref().map(SystemdService::cgroup));
    let path = spec.environment.iter().find(|(name, _)| name == env_var::PATH).map(|(_, path)| path.as_os_str());
    let tmux = mosaic_tmux::find_tmux(path)?;
    make_working_directory(&settings.working_directory)
        .map_err(|source| StartError::WorkingDirectory { path: settings.working_directory.clone(), source })?;
    settings.run_directory.prepare()?;
    // Before the lock is acquired, so that a start by hand need not wait.
    restart_delay::wait(&settings, service.as_ref());
    let lock = acquire_starter_lock(&settings)?;
    if let Some(home) = &settings.mosaic_home {
        // An error is ignored: observers compare the record with the heartbeats too.
        let _ = StopRecord::remove(&home.paths(), &settings.agent);
    }
    let run_directory = settings.run_directory.path();
    // Otherwise the server seems to be gone, and a second one would be started beside the one in which agents run.
    ServerRecord::restore_socket(run_directory, &settings.socket, &ProcRoot::default(), SOCKET_TIMEOUT)?;
    let server = Server::of_fleet(tmux, settings.socket.clone(), run_directory);
    let mode = Mode { foreground: arguments.foreground, replace: arguments.replace };
    let start = Start {
        settings,
        service,
        is_in_service,
        server: server.clone(),
        spec,
        lock,
        proc: ProcRoot::default(),
        output: StartOutput::new(arguments.output),
    };
    match start.run(mode) {
        Err(StartError::Tmux(failed @ TmuxError::CommandFailed { .. })) => {
            // An old tmux fails on an unknown option. In that case the version is the error to report.
            server.check_version()?;
            Err(failed.into())
        }
        other => other,
    }
}

/// Makes the directory, and checks that it can be entered: tmux would silently use another one.
fn make_working_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).map_err(io::Error::from)
}

/// Chooses the agent's own pane in a session that a person has split: the pane of the process in the last heartbeat, or
/// else one that a launcher made, or else the first one.
fn agent_pane(panes: Vec<Pane>, heartbeat_pid: Option<Pid>) -> Option<Pane> {
    let by_heartbeat = panes.iter().position(|pane| pane.pid.is_some() && pane.pid == heartbeat_pid);
    let by_command =
        || panes.iter().position(|pane| HandshakeAddress::from_start_command(&pane.start_command).is_some());
    let index = by_heartbeat.or_else(by_command).unwrap_or(0);
    panes.into_iter().nth(index)
}

fn acquire_starter_lock(settings: &LaunchSettings) -> Result<AgentLock, StartError> {
    let lock = AgentLock::open(&settings.run_directory, &settings.agent).map_err(|source| {
        StartError::RunDirectory(RunDirectoryError { path: settings.run_directory.path().to_owned(), source })
    })?;
    if lock.try_lock(LockRole::Starter).map_err(StartError::system("cannot lock the agent"))? {
        return Ok(lock);
    }
    let path = lock.path().to_owned();
    let (done, acquired) = mpsc::sync_channel(1);
    // A lock with a deadline: the thread waits in the kernel, and ends with the process.
    spawn_thread(move || done.send(lock.lock(LockRole::Starter).map(|()| lock)))
        .map_err(StartError::system("cannot wait for another start"))?;
    match acquired.recv_timeout(START_LOCK_TIMEOUT) {
        // The run directory was made anew meanwhile, and other processes lock another file.
        Ok(Ok(lock)) if !lock.is_in_place() => acquire_starter_lock(settings),
        Ok(acquired) => acquired.map_err(StartError::system("cannot lock the agent")),
        Err(_) => Err(StartError::StartInProgress {
            agent: settings.agent.clone(),
            seconds: START_LOCK_TIMEOUT.as_secs(),
            lock: path,
        }),
    }
}

/// A start in progress, which holds the starter's lock. `session_setup` makes and adopts sessions.
pub(super) struct Start {
    pub(super) settings: LaunchSettings,
    /// The unit to which the agent is to belong.
    pub(super) service: Option<SystemdService>,
    pub(super) is_in_service: bool,
    pub(super) server: Server,
    pub(super) spec: ExecSpec,
    pub(super) lock: AgentLock,
    pub(super) proc: ProcRoot,
    pub(super) output: StartOutput,
}

impl Start {
    fn run(self, mode: Mode) -> Result<(), StartError> {
        let mut observed = Observed { sidecar: None, session: Session::NotObserved, replaced: false };
        for _ in 0..MAX_STEPS {
            observed.sidecar = self.running_sidecar()?;
            match plan(mode, &observed) {
                Step::ObserveSession => observed.session = self.observe_session()?,
                Step::CreateSession => match self.create_session()? {
                    Some(running) => return self.start_sidecar(mode, &running, StartOutcome::Created),
                    None => observed.session = self.observe_session()?,
                },
                Step::RemoveSession => {
                    self.server.kill_session(&self.settings.agent)?;
                    observed.session = Session::Absent;
                }
                Step::EndAgent(pane, pid) => {
                    self.end_agent(pane, pid)?;
                    (observed.session, observed.replaced) = (Session::Absent, true);
                }
                Step::DismissSidecar(pid) => {
                    self.await_sidecar_exit(pid, Some(Signal::USR1))?;
                }
                Step::StopSidecar(pid) => {
                    self.await_sidecar_exit(pid, Some(Signal::TERM))?;
                    (observed.session, observed.replaced) = (self.observe_session()?, true);
                }
                Step::AwaitSidecarExit(pid) => {
                    self.await_sidecar_exit(pid, None)?;
                    observed.session = self.observe_session()?;
                }
                Step::AdoptSession(pane, pid) => match self.adopt_session(&pane, pid)? {
                    Some(running) => {
                        // The adopted session gets its sidecar even if this line cannot be written.
                        let printed = self.output.session_exists(&self.settings);
                        return self.start_sidecar(mode, &running, StartOutcome::Adopted).and(printed);
                    }
                    None => observed.session = self.observe_session()?,
                },
                Step::ReportRunning(pid) => {
                    self.output.session_exists(&self.settings)?;
                    return self.output.success(&self.settings, StartOutcome::AlreadyRunning, pid);
                }
                Step::RefuseUnit(sidecar) => {
                    return Err(StartError::OwnedByUnit { agent: self.settings.agent.clone(), sidecar });
                }
            }
        }
        Err(StartError::SessionUnstable { agent: self.settings.agent.clone(), socket: self.settings.socket.clone() })
    }

    /// Ends an agent without a sidecar. Its process is ended before the session is removed, because a process that
    /// ignores SIGHUP would otherwise run on beside the new one.
    fn end_agent(&self, pane: PaneId, pid: Pid) -> Result<(), StartError> {
        if let Ok(process) = PidFd::open(pid) {
            end_process(&process).map_err(StartError::system("cannot end the agent's process"))?;
        }
        Ok(self.server.kill_session_containing(pane)?)
    }

    fn start_sidecar(self, mode: Mode, running: &RunningAgent, outcome: StartOutcome) -> Result<(), StartError> {
        self.record_server(running.assignment.server);
        let launcher = SidecarLauncher { settings: &self.settings, assignment: &running.assignment };
        if mode.foreground {
            running.stop.pass_to_sidecar().map_err(StartError::system("cannot pass a signal on"))?;
            return Err(launcher.exec(&self.lock));
        }
        launcher.spawn_detached(self.output)?;
        self.output.success(&self.settings, outcome, running.assignment.process.pid)
    }

    /// Records the server and its socket for every program that looks for this fleet's agents. Without the record these
    /// programs depend on their own `TMUX_TMPDIR`, so an error is ignored.
    fn record_server(&self, server: Pid) {
        if let Ok(Some(process)) = self.proc.identity(server) {
            let record = ServerRecord { socket: self.server.socket_path(), process };
            let _ = record.write(self.settings.run_directory.path(), &self.settings.socket);
        }
    }

    fn running_sidecar(&self) -> Result<Option<RunningSidecar>, StartError> {
        let holder = self.lock.holder(LockRole::Sidecar).map_err(StartError::system("cannot read the agent's lock"))?;
        Ok(holder.map(|pid| {
            self.continue_stopped_sidecar(pid);
            let cgroup = Cgroup::from_pid(pid).ok().flatten();
            let in_service = cgroup.is_some_and(|cgroup| is_service(cgroup.name()));
            RunningSidecar { pid, owned_by_unit: in_service && self.is_main_process(pid) }
        }))
    }

    /// A sidecar that was stopped (SIGSTOP) writes no heartbeat and answers no request. An error is ignored: the
    /// start only cannot help it.
    fn continue_stopped_sidecar(&self, pid: Pid) {
        let is_stopped = self.proc.stat(pid).ok().flatten().is_some_and(|stat| stat.state == 'T');
        if is_stopped
            && let Ok(sidecar) = PidFd::open(pid)
            && self.lock.holder(LockRole::Sidecar).is_ok_and(|holder| holder == Some(pid))
        {
            let _ = sidecar.signal(Signal::CONT);
        }
    }

    /// Returns whether a process in a service's control group is its main process. A detached sidecar that was started
    /// from within some service may be in that service's group too.
    fn is_main_process(&self, pid: Pid) -> bool {
        self.proc.variable(pid, "SYSTEMD_EXEC_PID").ok().flatten().is_some_and(|main| main == pid.to_string().as_str())
    }

    fn observe_session(&self) -> Result<Session, StartError> {
        let Some(panes) = self.server.agent_panes(&self.settings.agent)? else { return Ok(Session::Absent) };
        // An unreadable heartbeat counts as none.
        let path = self.settings.run_directory.heartbeat(&self.settings.agent);
        let heartbeat_pid = mosaic_heartbeat::read(&path).ok().flatten().map(|heartbeat| heartbeat.pid);
        let Some(pane) = agent_pane(panes, heartbeat_pid) else { return Ok(Session::Absent) };
        // tmux sometimes misses that a child has ended, and then still shows it as running.
        let Some(pid) = pane.pid.filter(|_| !pane.dead && pane.verdict.is_none()) else { return Ok(Session::Dead) };
        let stat = self.proc.stat(pid).map_err(StartError::system("cannot read the pane process"))?;
        let runs = stat.is_some_and(|stat| !stat.is_zombie());
        Ok(if runs { Session::Alive(pane, pid) } else { Session::Dead })
    }

    /// Sends a signal to the sidecar if one is given, and waits until the sidecar has exited.
    fn await_sidecar_exit(&self, pid: Pid, signal: Option<Signal>) -> Result<(), StartError> {
        let failed = StartError::system("cannot reach the agent's sidecar");
        let Ok(sidecar) = PidFd::open(pid) else { return Ok(()) };
        // If the process still holds the lock, then it is the one that the descriptor was opened for.
        if self.lock.holder(LockRole::Sidecar).map_err(&failed)? != Some(pid) {
            return Ok(());
        }
        if let Some(signal) = signal {
            sidecar.signal(signal).map_err(&failed)?;
        }
        if sidecar.wait(Some(SIDECAR_EXIT_TIMEOUT)).map_err(&failed)? {
            return Ok(());
        }
        let agent = self.settings.agent.clone();
        Err(StartError::SidecarStayed { agent, sidecar: pid, seconds: SIDECAR_EXIT_TIMEOUT.as_secs() })
    }
}
