//! The pane's end of the handshake: what `agent-pane` does.

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

use super::pane_connection::PaneReply;
use super::{ExecSpec, HandshakeAddress, PaneFailure};

/// The reason why the pane process did not become the agent's command. tmux shows it in the pane.
#[derive(Debug, thiserror::Error)]
pub enum PaneError {
    /// No process listens on the socket, because the pane was respawned after its sidecar ended.
    #[error("no launcher waits for this pane ({0}): start the agent with start-agent-session")]
    NotListening(#[source] io::Error),
    /// The listening process belongs to another user.
    #[error("the process that waits for this pane belongs to user {uid}")]
    OtherUser {
        /// The user's ID.
        uid: u32,
    },
    /// The spec was not received.
    #[error("the launcher ended: {0}")]
    Spec(#[source] io::Error),
    /// The command cannot be started.
    #[error(transparent)]
    Failed(#[from] PaneFailure),
}

/// The variables that tmux sets for its panes. The agent's environment does not override them.
const PANE_VARIABLES: [&str; 6] = ["COLORTERM", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE"];

/// Connects to the launcher and executes the agent's command in this process. Returns only on failure.
///
/// # Errors
/// No process of this user listens on the socket, or the command cannot be started.
pub fn exec_command(address: HandshakeAddress) -> Result<Infallible, PaneError> {
    let stream = address.connect().map_err(PaneError::NotListening)?;
    let launcher = socket_peercred(&stream).map_err(|error| PaneError::Spec(error.into()))?;
    if launcher.uid != rustix::process::geteuid() {
        return Err(PaneError::OtherUser { uid: launcher.uid.as_raw() });
    }
    let spec = ExecSpec::receive(&stream).map_err(PaneError::Spec)?;
    let failure = match apply(&spec, &stream) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    // An error is ignored: the launcher may have ended, and the pane shows the reason too.
    let _ = PaneReply::Failed(failure.clone()).send(&stream);
    Err(PaneError::Failed(failure))
}

fn apply(spec: &ExecSpec, mut stream: &UnixStream) -> Result<Infallible, PaneFailure> {
    env::set_current_dir(&spec.directory).map_err(|error| {
        PaneFailure(format!("cannot enter the working directory {}: {error}", spec.directory.display()))
    })?;
    let lost = |error: io::Error| PaneFailure(format!("the launcher ended: {error}"));
    let reply = match spec.cgroup_files.iter().try_for_each(|file| enter_cgroup(file)) {
        Ok(()) => PaneReply::Joined,
        Err(reason) => PaneReply::Outside(reason),
    };
    reply.send(stream).map_err(lost)?;
    stream.read_exact(&mut [0]).map_err(lost)?;

    let pane_variables: Vec<(OsString, OsString)> = env::vars_os().filter(|(name, _)| is_pane_variable(name)).collect();
    let environment = spec.environment.iter().filter(|(name, _)| !is_pane_variable(name));
    // The tmux server passes on the signals that were blocked when it was started, and an agent that blocks SIGTERM
    // could not be asked to end.
    SigSet::empty().thread_set_mask().map_err(|error| PaneFailure(format!("cannot unblock signals: {error}")))?;
    let error = Command::new(&spec.shell)
        .arg("-c")
        .arg(&spec.command)
        .env_clear()
        .envs(environment.map(|(name, value)| (name, value)))
        .envs(pane_variables)
        .env("PWD", &spec.directory)
        .exec();
    Err(PaneFailure(format!("cannot run the shell {}: {error}", spec.shell.display())))
}

fn is_pane_variable(name: &OsString) -> bool {
    PANE_VARIABLES.iter().any(|variable| name == variable)
}

/// Writes "0", which stands for the writing process (cgroups(7)).
fn enter_cgroup(procs_file: &Path) -> Result<(), String> {
    fs::write(procs_file, "0").map_err(|error| format!("{}: {error}", procs_file.display()))
}
