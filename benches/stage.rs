//! Where both contestants run: one fleet with one tmux server, and an agent each that does nothing.

use crate::beats::Beats;
use crate::contestant::Contestant;
use crate::memory_directory::memory_directory;
use crate::message::Message;
use mosaic_harness::{Deadline, Fleet, FleetBuilder, Launch, ProcessWatch};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;

/// The command of every agent: it costs nothing and says nothing.
pub(crate) const COMMAND: &str = "exec sleep 1000000";

/// The baseline, in this program so that it is one file.
const BASH_LAUNCHER: &str = include_str!("bash-launcher.sh");

/// A fleet and the launchers in it.
#[derive(Debug)]
pub(crate) struct Stage {
    fleet: Fleet,
    bash_launcher: PathBuf,
    /// Where the heartbeats are, if not in the fleet's directory; it goes when the fleet has gone.
    _memory: Option<TempDir>,
}

impl Stage {
    /// With heartbeats in memory, as the installer has them, and a tmux server that runs already:
    /// neither contestant pays for its start.
    pub(crate) fn new() -> Result<Self, String> {
        Self::in_memory(Fleet::builder()).map(Self::served)
    }

    /// With heartbeats in the fleet's own directory.
    pub(crate) fn on_disk() -> Self {
        Self::of(Fleet::new(), None).served()
    }

    /// With heartbeats in memory, and a tmux server from elsewhere.
    pub(crate) fn in_memory(builder: FleetBuilder) -> Result<Self, String> {
        let memory = tempfile::Builder::new().prefix("mf-bench-").tempdir_in(memory_directory()?);
        let memory = memory.map_err(|error| format!("no directory in memory: {error}"))?;
        Message::Fleet(memory.path().to_owned()).send();
        Ok(Self::of(builder.run_directory(memory.path()).build(), Some(memory)))
    }

    fn of(fleet: Fleet, memory: Option<TempDir>) -> Self {
        Message::Fleet(fleet.root().to_owned()).send();
        let run = fleet.run_directory();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(run).expect("make the run directory");
        let bash_launcher = fleet.root().join("bash-launcher.sh");
        fs::write(&bash_launcher, BASH_LAUNCHER).expect("write the bash launcher");
        fs::set_permissions(&bash_launcher, Permissions::from_mode(0o700)).expect("make it a program");
        Self { fleet, bash_launcher, _memory: memory }
    }

    fn served(self) -> Self {
        let served = self.fleet.tmux_server(&["new-session", "-d", "-s", "_holder", COMMAND]);
        assert!(served.status.success(), "no tmux server: {served:?}");
        self
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(crate) fn bash_launcher(&self) -> &std::path::Path {
        &self.bash_launcher
    }

    /// A view of the run directory from now on.
    pub(crate) fn beats(&self) -> Beats {
        Beats::watch(self.fleet.run_directory())
    }

    /// A start by that contestant, not yet run.
    pub(crate) fn launch(&self, contestant: Contestant, agent: &str, interval: &str) -> Launch<'_> {
        let launch = self.fleet.launch(agent).command(COMMAND).interval(interval);
        match contestant {
            Contestant::Bash => launch.program(&self.bash_launcher),
            Contestant::Rust => launch,
        }
    }

    /// Starts an agent, and waits for its first heartbeat.
    pub(crate) fn start(&self, contestant: Contestant, agent: &str, interval: &str) -> Result<(), String> {
        let mut beats = self.beats();
        // The terminal's Ctrl-C is for the supervisor.
        let mut command = self.launch(contestant, agent, interval).to_command();
        let output = command.process_group(0).stdout(Stdio::null()).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the {contestant} launcher: {}: {}", output.status, said.trim()));
        }
        beats.wait(agent, 1, Deadline::default()).map(drop)
    }

    /// One value of an agent's heartbeat.
    pub(crate) fn heartbeat_value(&self, agent: &str, key: &str) -> Result<String, String> {
        let mut beat = self.fleet.heartbeat(agent).ok_or_else(|| format!("{agent} has no heartbeat"))?;
        beat.remove(key).ok_or_else(|| format!("{agent}'s heartbeat has no {key}"))
    }

    /// The process in an agent's pane.
    pub(crate) fn pane_process(&self, agent: &str) -> Result<ProcessWatch, String> {
        watch(&self.heartbeat_value(agent, "pid")?)
    }

    /// The process that writes an agent's heartbeat.
    pub(crate) fn sidecar(&self, contestant: Contestant, agent: &str) -> Result<u32, String> {
        match contestant {
            Contestant::Rust => {
                let pid = self.heartbeat_value(agent, "sidecar")?;
                pid.parse().map_err(|error| format!("sidecar={pid}: {error}"))
            }
            // It tells nobody who it is: a shell that leads a session and knows the heartbeat.
            Contestant::Bash => {
                let heartbeat = self.fleet.heartbeat_path(agent).display().to_string();
                let shells = self.fleet.processes().into_iter();
                let mut loops = shells.filter(|pid| leads_a_session(*pid) && has_argument(*pid, &heartbeat));
                loops.next().ok_or_else(|| format!("{agent} has no sidecar"))
            }
        }
    }

    /// Ends an agent and whoever watches it, so that the next one finds the machine as this did.
    pub(crate) fn end(&self, contestant: Contestant, agent: &str) {
        let sidecar = self.sidecar(contestant, agent).ok();
        if let Some(leader) = sidecar.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            // Gone already is fine.
            let _ = kill_process_group(leader, Signal::KILL);
            // They have come to this process, which is a subreaper, and leave it one by one.
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
