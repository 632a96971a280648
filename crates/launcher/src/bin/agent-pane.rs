//! The first program in an agent's pane, which becomes the agent's command; see `mosaic_launcher::handshake`. tmux starts
//! it.

use std::ffi::OsString;
use std::process::ExitCode;

use mosaic_launcher::handshake::{HandshakeAddress, exec_command};

const USAGE: &str = "\
Runs an agent's command in its tmux pane. start-agent-session starts it; do not start it by hand:
'mosaic fleet start AGENT' starts an agent.

Usage: agent-pane ADDRESS
       agent-pane --help | --version
";

fn main() -> ExitCode {
    mosaic_launcher::exit::report_panics_as_bugs();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = mosaic_launcher::exit::answer_help(&arguments, "agent-pane", USAGE) {
        return code.into();
    }
    let address = std::env::args().nth(1).unwrap_or_default().parse::<HandshakeAddress>();
    let (code, error) = match address.map(exec_command) {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => (mosaic_exit_code::ExitCode::Unavailable, error.to_string()),
        Err(error) => (
            mosaic_exit_code::ExitCode::Usage,
            format!("{error}: start-agent-session starts agent-pane; do not start it by hand"),
        ),
    };
    eprintln!("ERROR: {error}");
    code.into()
}
