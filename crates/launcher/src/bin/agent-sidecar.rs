//! Watches an agent; see `mosaic_launcher::sidecar`. `start-agent-session` and the agent's unit start it.

use std::ffi::OsString;
use std::process::ExitCode;

use mosaic_launcher::exit::{outcome_exit_code, report_panics_as_bugs, sidecar_exit_code};
use mosaic_launcher::sidecar::{after_stop, exec_delivery, guard, run};

fn main() -> ExitCode {
    report_panics_as_bugs();
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let ended = match arguments.as_slice() {
        [mode, agent] if mode == "--after-stop" => after_stop(agent).map(|()| ExitCode::SUCCESS),
        [mode, agent] if mode == "--guard" => guard(agent).map(|()| ExitCode::SUCCESS),
        [mode, agent] if mode == "--deliver" => exec_delivery(agent).map(|never| match never {}),
        _ => {
            let foreground = arguments.last().is_some_and(|last| last == "--foreground");
            arguments.truncate(arguments.len() - usize::from(foreground));
            run(&arguments, foreground).map(|outcome| outcome_exit_code(outcome).into())
        }
    };
    ended.unwrap_or_else(|error| {
        eprintln!("ERROR: {error}");
        sidecar_exit_code(&error).into()
    })
}
