//! The environment of a measurement: a private fleet with a tmux server, in which both launchers start idle agents.

use crate::supervisor::Message;
use mosaic_harness::{Deadline, Fleet, FleetBuilder, Launch, ProcessWatch};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::statfs;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use std::fmt;
use std::fs::{self, Permissions};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The command of every agent: it uses no CPU time and prints nothing.
pub(crate) const COMMAND: &str = "exec sleep 1000000";

/// The baseline script, embedded in this program.
const BASH_LAUNCHER: &str = include_str!("bash-launcher.sh");

/// A fleet with both launchers.
#[derive(Debug)]
pub(crate) struct Fixture {
    fleet: Fleet,
    bash_launcher: PathBuf,
    /// The directory of the heartbeats, if outside the fleet's directory. It is dropped after the fleet.
    _memory: Option<TempDir>,
}

impl Fixture {
    /// Creates a fleet with heartbeats in memory, as the installer sets up, and a running tmux server, so that neither
    /// launcher has to start one.
    pub(crate) fn new() -> Result<Self, String> {
        Self::in_memory(Fleet::builder()).map(Self::with_tmux_server)
    }

    /// Creates a fleet with heartbeats in its own directory and a running tmux server.
    pub(crate) fn on_disk() -> Self {
        Self::with_fleet(Fleet::new(), None).with_tmux_server()
    }

    /// Creates a fleet with heartbeats in memory and no tmux server.
    pub(crate) fn in_memory(builder: FleetBuilder) -> Result<Self, String> {
        let memory = tempfile::Builder::new().prefix("mf-bench-").tempdir_in(memory_directory()?);
        let memory = memory.map_err(|error| format!("cannot create a directory in memory: {error}"))?;
        Message::Fleet(memory.path().to_owned()).send();
        Ok(Self::with_fleet(builder.run_directory(memory.path()).build(), Some(memory)))
    }

    fn with_fleet(fleet: Fleet, memory: Option<TempDir>) -> Self {
        Message::Fleet(fleet.root().to_owned()).send();
        let run = fleet.run_directory();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(run).expect("create the run directory");
        let bash_launcher = fleet.root().join("bash-launcher.sh");
        fs::write(&bash_launcher, BASH_LAUNCHER).expect("write the bash launcher");
        fs::set_permissions(&bash_launcher, Permissions::from_mode(0o700)).expect("make the bash launcher executable");
        Self { fleet, bash_launcher, _memory: memory }
    }

    fn with_tmux_server(self) -> Self {
        let started = self.fleet.tmux_server(&["new-session", "-d", "-s", "_holder", COMMAND]);
        assert!(started.status.success(), "cannot start a tmux server: {started:?}");
        self
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn bash_launcher(&self) -> &Path {
        &self.bash_launcher
    }

    /// Watches the run directory from now on.
    pub(crate) fn watch_heartbeats(&self) -> HeartbeatWatch {
        HeartbeatWatch::new(self.fleet.run_directory())
    }

    /// Prepares a start of an agent by a launcher.
    pub(crate) fn launch(&self, contestant: Contestant, agent: &str, interval: &str) -> Launch<'_> {
        let launch = self.fleet.launch(agent).command(COMMAND).interval(interval);
        match contestant {
            Contestant::Bash => launch.program(&self.bash_launcher),
            Contestant::Rust => launch,
        }
    }

    /// Starts an agent and waits for its first heartbeat.
    pub(crate) fn start(&self, contestant: Contestant, agent: &str, interval: &str) -> Result<(), String> {
        let mut beats = self.watch_heartbeats();
        // Ctrl-C must reach only the supervisor.
        let mut command = self.launch(contestant, agent, interval).to_command();
        let output = command.process_group(0).stdout(Stdio::null()).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the {contestant} launcher: {}: {}", output.status, stderr.trim()));
        }
        beats.wait(agent, 1, Deadline::default()).map(drop)
    }

    /// Reads a value of an agent's heartbeat.
    pub(crate) fn heartbeat_value(&self, agent: &str, key: &str) -> Result<String, String> {
        let mut beat = self.fleet.heartbeat(agent).ok_or_else(|| format!("{agent} has no heartbeat"))?;
        beat.remove(key).ok_or_else(|| format!("{agent}'s heartbeat has no {key}"))
    }

    /// The process in an agent's pane.
    pub(crate) fn pane_process(&self, agent: &str) -> Result<ProcessWatch, String> {
        watch(&self.heartbeat_value(agent, "pid")?)
    }

    /// The PID of the process that writes an agent's heartbeat.
    pub(crate) fn sidecar(&self, contestant: Contestant, agent: &str) -> Result<u32, String> {
        match contestant {
            Contestant::Rust => {
                let pid = self.heartbeat_value(agent, "sidecar")?;
                pid.parse().map_err(|error| format!("sidecar={pid}: {error}"))
            }
            // The loop of the bash launcher is the session leader with the heartbeat's path in its arguments.
            Contestant::Bash => {
                let heartbeat = self.fleet.heartbeat_path(agent).display().to_string();
                let shells = self.fleet.processes().into_iter();
                let mut loops = shells.filter(|pid| leads_a_session(*pid) && has_argument(*pid, &heartbeat));
                loops.next().ok_or_else(|| format!("{agent} has no sidecar"))
            }
        }
    }

    /// Kills an agent and its sidecar, so that the next start finds the same conditions.
    pub(crate) fn stop(&self, contestant: Contestant, agent: &str) {
        let sidecar = self.sidecar(contestant, agent).ok();
        if let Some(leader) = sidecar.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            // The group may have exited already.
            let _ = kill_process_group(leader, Signal::KILL);
            // This process is a subreaper, so the members of the group are its children now.
            while waitpgid(leader, WaitOptions::empty()).is_ok() {}
        }
        let pane = self.pane_process(agent);
        let _ = self.fleet.tmux(&["kill-session", "-t", &format!("={agent}:")]);
        if let Ok(pane) = pane {
            pane.wait();
        }
    }
}

fn watch(pid: &str) -> Result<ProcessWatch, String> {
    let number = pid.parse().map_err(|error| format!("pid={pid}: {error}"))?;
    ProcessWatch::new(number).map_err(|error| format!("process {pid}: {error}"))
}

fn leads_a_session(pid: u32) -> bool {
    rustix::process::getsid(Pid::from_raw(pid.cast_signed()))
        .is_ok_and(|leader| u32::try_from(leader.as_raw_nonzero().get()) == Ok(pid))
}

fn has_argument(pid: u32, part: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(part))
}

/// One of the two compared launchers, with its sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// The bash launcher that the product replaces.
    Bash,
    /// The product.
    Rust,
}

impl Contestant {
    /// Both launchers, measured alternately so that a temporary disturbance affects both.
    pub(crate) const BOTH: [Self; 2] = [Self::Bash, Self::Rust];
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bash => "bash",
            Self::Rust => "rust",
        })
    }
}

/// Watches a run directory for heartbeats with inotify: both launchers rename a file into the directory.
#[derive(Debug)]
pub(crate) struct HeartbeatWatch {
    inotify: OwnedFd,
}

impl HeartbeatWatch {
    /// Starts to watch a directory.
    pub(crate) fn new(directory: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .expect("create an inotify instance (limit: fs.inotify.max_user_instances)");
        inotify::add_watch(&inotify, directory, WatchFlags::MOVED_TO | WatchFlags::ONLYDIR).expect("watch a directory");
        Self { inotify }
    }

    /// The descriptor that is readable when heartbeats are pending.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Returns the agents of pending heartbeats, one entry per heartbeat, without waiting.
    pub(crate) fn take_pending(&mut self) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut agents = Vec::new();
        while let Ok(event) = events.next() {
            let name = event.file_name().and_then(|name| name.to_str().ok()).unwrap_or_default();
            agents.extend(name.strip_suffix(".hb").map(str::to_owned));
        }
        agents
    }

    /// Waits for heartbeats and returns their agents, one entry per heartbeat; empty after the timeout.
    pub(crate) fn next(&mut self, limit: Duration) -> Vec<String> {
        let limit = Timespec::try_from(limit).expect("a timeout fits a timespec");
        let mut watched = [PollFd::new(&self.inotify, PollFlags::IN)];
        match poll(&mut watched, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => self.take_pending(),
            Err(error) => panic!("poll on inotify: {error}"),
        }
    }

    /// Waits for at least `beats` heartbeats of an agent and returns their number and the time of the last.
    pub(crate) fn wait(&mut self, agent: &str, beats: usize, deadline: Deadline) -> Result<(usize, Instant), String> {
        let mut counted = 0;
        while counted < beats {
            if deadline.passed() {
                return Err(format!("{agent}: {counted} of {beats} heartbeats within {:?}", Deadline::DEFAULT));
            }
            counted += self.next(deadline.remaining()).iter().filter(|name| *name == agent).count();
        }
        Ok((counted, Instant::now()))
    }
}

/// The `f_type` of a tmpfs, see `statfs(2)`.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Finds a tmpfs for heartbeats, which the installer uses for a fleet's heartbeats too.
///
/// # Errors
/// If none of the usual directories is a tmpfs.
pub(crate) fn memory_directory() -> Result<PathBuf, String> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usual = ["/dev/shm", "/run/shm", "/tmp"].map(PathBuf::from);
    let mut candidates = runtime.into_iter().chain(usual);
    candidates
        .find(|path| is_in_memory(path))
        .ok_or_else(|| "none of XDG_RUNTIME_DIR, /dev/shm, /run/shm and /tmp is a tmpfs".to_owned())
}

/// Whether a directory is on a tmpfs.
pub(crate) fn is_in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|system| system.f_type == TMPFS_MAGIC)
}
