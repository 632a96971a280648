//! The first program in an agent's pane, which becomes the agent's command; see `mosaic_launcher::gate`.
//! Started by tmux, never by hand.

use std::process::ExitCode;

use mosaic_launcher::gate::{GateName, enter};

fn main() -> ExitCode {
    mosaic_launcher::report_bugs();
    let gate = std::env::args().nth(1).unwrap_or_default().parse::<GateName>();
    let error: String = match gate.map(|gate| enter(&gate)) {
        Ok(Ok(never)) => match never {},
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("{error}: agent-pane is started by start-agent-session, not by hand"),
    };
    eprintln!("ERROR: {error}");
    mosaic_domain::ExitCode::Unavailable.into()
}
