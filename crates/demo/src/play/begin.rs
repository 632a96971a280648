//! Everything before there is anything to clear up.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use mosaic_domain::SocketName;
use mosaic_tmux::Server;

use crate::agent_kind::AgentKind;
use crate::arguments::Arguments;
use crate::error::DemoError;
use crate::fleet::{Home, MARK, Programs, SOCKET};

/// Checks, asks, and becomes `demo --play`. It comes back only if that was not possible.
pub(crate) fn begin(arguments: &Arguments) -> DemoError {
    match prepared(arguments) {
        Ok(mut command) => DemoError::io("start this program again")(command.exec()),
        Err(error) => error,
    }
}

fn prepared(arguments: &Arguments) -> Result<Command, DemoError> {
    let programs = Programs::find()?;
    let path = env::var_os("PATH").unwrap_or_default();
    server()?.check_version()?;
    let kind = match arguments.runtime {
        Some(kind) if kind != AgentKind::StandIn && kind.program(&path).is_none() => {
            return Err(DemoError::Runtime(kind));
        }
        Some(kind) => kind,
        None => AgentKind::ask(&path),
    };
    let home = Home::choose(&env::temp_dir()).map_err(DemoError::io("choose a directory"))?;
    let mut command = Command::new(programs.demo());
    command.arg("--play").arg(home.path()).args(["--runtime", kind.name()]).env(MARK, home.path());
    if arguments.once {
        command.arg("--once");
    }
    Ok(command)
}

/// The fleet's tmux server, by the tmux that is on PATH.
pub(super) fn server() -> Result<Server, DemoError> {
    let program = mosaic_tmux::find_tmux(env::var_os("PATH").as_deref())?;
    let socket: SocketName =
        SOCKET.parse().map_err(|error| DemoError::io("name the socket")(std::io::Error::other(error)))?;
    Ok(Server::new(program, socket))
}
