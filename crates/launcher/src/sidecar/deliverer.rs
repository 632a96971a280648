//! The process that has waiting messages delivered: it becomes `mosaic agent outbox deliver`.
//!
//! It begins as this program and not as that one, because a sidecar blocks the signals that it reads, and
//! whatever it starts inherits the block: a `mosaic` that does not hear of SIGTERM would hold up each stop.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mosaic_domain::{AgentName, ExitCode};
use mosaic_process::is_program;
use nix::sys::signal::SigSet;
use rustix::process::Pid;

use super::SidecarError;

/// What systemd says to the sidecar alone.
const OF_THE_SERVICE: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// The `mosaic` that was installed with this sidecar: they change together.
fn mosaic() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("mosaic"))
}

/// Starts it; `None` where there is no `mosaic` to become.
pub(super) fn start(agent: &AgentName) -> io::Result<Option<Pid>> {
    if !is_program(&mosaic()?) {
        return Ok(None);
    }
    // By this name it is the program that runs, also after an update has put another into its place.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("agent-sidecar").arg("--deliver").arg(agent.as_str());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // The handle alone buries nobody.
    Ok(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
}

/// Becomes the program that delivers what waits for the agent.
///
/// # Errors
/// It cannot: then it is tried again with the sidecar's next beat.
pub fn deliver(agent: &OsString) -> Result<ExitCode, SidecarError> {
    // A session of its own: what happens to the sidecar's is no matter of a message that is being typed.
    let _ = rustix::process::setsid();
    SigSet::empty().thread_set_mask().map_err(io::Error::from)?;
    let mut command = Command::new(mosaic()?);
    command.args(["agent", "outbox", "deliver"]).arg(agent);
    for name in OF_THE_SERVICE {
        command.env_remove(name);
    }
    Err(command.exec().into())
}
