//! The first program in an agent's pane, which becomes the agent's command; see `mosaic_launcher::handshake`. tmux starts
//! it.

use std::process::ExitCode;

use mosaic_launcher::handshake::{HandshakeAddress, exec_command};

fn main() -> ExitCode {
    mosaic_launcher::exit::report_panics_as_bugs();
    let address = std::env::args().nth(1).unwrap_or_default().parse::<HandshakeAddress>();
    let error: String = match address.map(exec_command) {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("{error}: start-agent-session starts agent-pane; do not start it by hand"),
    };
    eprintln!("ERROR: {error}");
    mosaic_exit_code::ExitCode::Unavailable.into()
}
