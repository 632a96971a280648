//! Watches an agent; see `mosaic_launcher::sidecar`. Started by `start-agent-session` and by the agent's
//! unit, never by hand.

use std::ffi::OsString;
use std::process::ExitCode;

use mosaic_launcher::sidecar::{after_stop, deliver, guard, run};

fn main() -> ExitCode {
    mosaic_launcher::report_bugs();
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let ended = match arguments.as_slice() {
        [mode, agent] if mode == "--after-stop" => after_stop(agent).map(|code| code as u8),
        [mode, agent] if mode == "--guard" => guard(agent).map(|code| code as u8),
        [mode, agent] if mode == "--deliver" => deliver(agent).map(|code| code as u8),
        _ => {
            let foreground = arguments.last().is_some_and(|last| last == "--foreground");
            arguments.truncate(arguments.len() - usize::from(foreground));
            run(&arguments, foreground)
        }
    };
    match ended {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("ERROR: {error}");
            error.exit_code().into()
        }
    }
}
