//! Watches an agent; see `mosaic_launcher::sidecar`. `start-agent-session` and the agent's unit start it.

use std::ffi::OsString;
use std::process::ExitCode;

use mosaic_launcher::HAS_ENV_FILE;
use mosaic_launcher::exit::{answer_help, outcome_exit_code, report_panics_as_bugs, sidecar_exit_code};
use mosaic_launcher::sidecar::{after_stop, exec_delivery, guard, run};

const USAGE: &str = "\
Watches one agent and writes its heartbeat. start-agent-session and the agent's unit start it; do not start it by hand:
'mosaic fleet start AGENT' starts an agent with its sidecar.

Usage: agent-sidecar --after-stop AGENT   decide what becomes of an agent whose sidecar has ended (ExecStopPost=)
       agent-sidecar --guard AGENT        watch an agent until its unit starts again
       agent-sidecar --deliver AGENT      deliver the messages that wait for an agent
       agent-sidecar --help | --version
";

fn main() -> ExitCode {
    report_panics_as_bugs();
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = answer_help(&arguments, "agent-sidecar", USAGE) {
        return code.into();
    }
    arguments.retain(|argument| argument != HAS_ENV_FILE);
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
