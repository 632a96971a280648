//! Delivering messages that wait for the agent: noticing them, and starting `mosaic agent outbox deliver`.

use std::env;
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mosaic_domain::AgentName;
use mosaic_process::{Cgroup, bounded_output, is_program};
use nix::sys::signal::SigSet;
use rustix::fs::{Access, access};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::SidecarError;
use crate::launch_settings::LaunchSettings;
use crate::systemd_service::is_service;

/// The variables that systemd sets for the sidecar alone.
const SERVICE_VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// The messages that wait for one agent. While there are none, a check is one system call; a separate process delivers
/// them.
#[derive(Debug)]
pub(super) struct WaitingMessages {
    agent: AgentName,
    /// The path of the file that exists while messages wait, made once so that a check allocates nothing. `None` if the
    /// directory of the fleet is unknown.
    mark: Option<CString>,
    /// The delivery process that was started last, until it has been waited for.
    delivery: Option<Pid>,
}

impl WaitingMessages {
    pub(super) fn new(settings: &LaunchSettings) -> Self {
        let mark = settings.mosaic_home.as_ref().map(|home| home.paths().waiting_mark(&settings.agent));
        Self {
            agent: settings.agent.clone(),
            mark: mark.and_then(|path| CString::new(path.into_os_string().into_vec()).ok()),
            delivery: None,
        }
    }

    /// Starts a delivery if messages wait and no delivery runs. A delivery that hangs is not waited for; it ends with
    /// the unit's control group.
    pub(super) fn deliver_if_waiting(&mut self) {
        if self.is_being_delivered() || !self.are_waiting() {
            return;
        }
        // After an error, the next heartbeat tries again. The messages stay on disk until then.
        self.delivery = spawn_delivery(&self.agent).ok().flatten();
    }

    fn are_waiting(&self) -> bool {
        self.mark.as_deref().is_some_and(|mark| access(mark, Access::EXISTS).is_ok())
    }

    /// Returns whether the delivery still runs. Reaps it if it has ended, so that a zombie stays for one heartbeat at
    /// most.
    fn is_being_delivered(&mut self) -> bool {
        let Some(delivery) = self.delivery else { return false };
        if matches!(waitpid(Some(delivery), WaitOptions::NOHANG), Ok(None)) {
            return true;
        }
        self.delivery = None;
        false
    }
}

/// The `mosaic` that is installed beside this program, and so has the same version.
fn mosaic_program() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("mosaic"))
}

/// Starts a delivery. `None` if `mosaic` is not installed.
///
/// The process begins as `agent-sidecar --deliver`, because it inherits the signals that the sidecar blocks, and a
/// `mosaic` that does not receive SIGTERM would delay each stop of the unit.
fn spawn_delivery(agent: &AgentName) -> io::Result<Option<Pid>> {
    if !is_program(&mosaic_program()?) {
        return Ok(None);
    }
    // This path is the running program, even after an update has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("agent-sidecar").arg("--deliver").arg(agent.as_str());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Dropping the handle does not reap the child; `is_being_delivered` does.
    Ok(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
}

/// Moves this process out of the control group of the agent's unit into a scope of its own, so that the delivery does not
/// count against the agent's limits. The scope ends with the unit. Without a unit or a user manager, and after an error, the
/// process stays where it is.
fn leave_agents_group(agent: &OsString) {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let service =
        || Cgroup::current().ok().flatten().map(|group| group.name().to_owned()).filter(|name| is_service(name));
    let Some(unit) = service() else { return };
    let pid = std::process::id().to_string();
    let scope = format!("mosaic-fleet-delivery-{}-{pid}.scope", agent.to_string_lossy());
    let manager = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
    let mut command = Command::new("busctl");
    command.args(["--user", "--quiet", "call"]).args(manager).args(["StartTransientUnit", "ssa(sv)a(sa(sv))", &scope]);
    command.args(["fail", "3", "PIDs", "au", "1", &pid, "BindsTo", "as", "1", &unit]);
    command.args(["CollectMode", "s", "inactive-or-failed", "0"]);
    if !bounded_output(&mut command, TIMEOUT).is_ok_and(|output| output.status.success()) {
        return;
    }
    // The manager moves the process in a job, after it has answered.
    let began = Instant::now();
    while began.elapsed() < TIMEOUT && service().is_some() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Executes `mosaic agent outbox deliver` in this process. Returns only on failure.
///
/// # Errors
/// The program cannot be executed.
pub fn exec_delivery(agent: &OsString) -> Result<std::convert::Infallible, SidecarError> {
    // In a session of its own, so that nothing that happens to the sidecar's interrupts the typing of a message.
    let _ = rustix::process::setsid();
    SigSet::empty().thread_set_mask().map_err(io::Error::from)?;
    leave_agents_group(agent);
    let mut command = Command::new(mosaic_program()?);
    command.args(["agent", "outbox", "deliver"]).arg(agent);
    for name in SERVICE_VARIABLES {
        command.env_remove(name);
    }
    Err(command.exec().into())
}
