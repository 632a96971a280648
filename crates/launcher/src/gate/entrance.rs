//! The pane process's side of the gate: what `agent-pane` does.

use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::SigSet;
use rustix::net::sockopt::socket_peercred;

use super::answer::{Answer, PaneFailure};
use super::{GateName, Orders};

/// Why the pane process did not become the agent's command. tmux shows it in the pane.
#[derive(Debug, thiserror::Error)]
pub enum EntranceError {
    /// Nobody is at the gate: the pane was respawned after its sidecar died.
    #[error("no launcher waits for this pane ({0}): start the agent by start-agent-session")]
    Closed(#[source] io::Error),
    /// Somebody else's process is.
    #[error("the process that waits for this pane belongs to user {uid}")]
    Stranger {
        /// Whose it is.
        uid: u32,
    },
    /// The orders did not come.
    #[error("the launcher went away: {0}")]
    Orders(#[source] io::Error),
    /// The command cannot be started.
    #[error(transparent)]
    Failed(#[from] PaneFailure),
}

/// What tmux tells its panes about themselves; the agent's environment does not overrule it.
const OF_THE_PANE: [&str; 6] = ["COLORTERM", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE"];

/// Goes through the gate and becomes the agent's command; returns only if that failed.
///
/// # Errors
/// Nobody of this user waits at the gate, or the command cannot be started.
pub fn enter(gate: &GateName) -> Result<Infallible, EntranceError> {
    let stream = gate.connect().map_err(EntranceError::Closed)?;
    let launcher = socket_peercred(&stream).map_err(|error| EntranceError::Orders(error.into()))?;
    if launcher.uid != rustix::process::geteuid() {
        return Err(EntranceError::Stranger { uid: launcher.uid.as_raw() });
    }
    let orders = Orders::receive(&stream).map_err(EntranceError::Orders)?;
    let failure = match obey(&orders, &stream) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    // The launcher may be gone by now; the pane shows the reason too.
    let _ = Answer::Failed(failure.clone()).send(&stream);
    Err(EntranceError::Failed(failure))
}

fn obey(orders: &Orders, mut stream: &UnixStream) -> Result<Infallible, PaneFailure> {
    env::set_current_dir(&orders.directory).map_err(|error| {
        PaneFailure(format!("cannot enter the working directory {}: {error}", orders.directory.display()))
    })?;
    let lost = |error: io::Error| PaneFailure(format!("the launcher went away: {error}"));
    let answer = match orders.entrances.iter().try_for_each(|entrance| join(entrance)) {
        Ok(()) => Answer::Joined,
        Err(why) => Answer::Outside(why),
    };
    answer.send(stream).map_err(lost)?;
    stream.read_exact(&mut [0]).map_err(lost)?;

    let of_the_pane: Vec<(OsString, OsString)> = env::vars_os().filter(|(name, _)| is_of_the_pane(name)).collect();
    let environment = orders.environment.iter().filter(|(name, _)| !is_of_the_pane(name));
    // A server hands the signals on that were blocked when it was started: an agent that has SIGTERM
    // blocked cannot be asked to end.
    SigSet::empty().thread_set_mask().map_err(|error| PaneFailure(format!("cannot unblock signals: {error}")))?;
    let error = Command::new(&orders.shell)
        .arg("-c")
        .arg(&orders.command)
        .env_clear()
        .envs(environment.map(|(name, value)| (name, value)))
        .envs(of_the_pane)
        .env("PWD", &orders.directory)
        .exec();
    Err(PaneFailure(format!("cannot run the shell {}: {error}", orders.shell.display())))
}

fn is_of_the_pane(name: &OsString) -> bool {
    OF_THE_PANE.iter().any(|own| name == own)
}

/// "0" is whoever writes it (cgroups(7)).
fn join(entrance: &Path) -> Result<(), String> {
    fs::write(entrance, "0").map_err(|error| format!("{}: {error}", entrance.display()))
}
