//! Starts an agent without a user manager: by the launcher, with the environment that its unit would
//! give it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mosaic_domain::{AgentName, ExitCode};
use mosaic_process::bounded_output;
use mosaic_roster::{AgentEnv, Roster};

use super::Change;
use crate::context::Context;

const LAUNCHER: &str = "start-agent-session";

/// What an agent that runs this command passes on and must not reach another agent.
const OF_THE_CALLER: [&str; 8] = [
    "MOSAIC_AGENT_NAME",
    "MOSAIC_AGENT_RUNTIME",
    "MOSAIC_AGENT_CLASS",
    "MOSAIC_AGENT_WORKDIR",
    "MOSAIC_AGENT_COMMAND",
    "MOSAIC_AGENT_MODEL_HINT",
    "MOSAIC_HEARTBEAT_INTERVAL",
    "MOSAIC_REPORTER",
];

/// The launcher: beside this program, else where it is installed.
///
/// # Errors
/// It is in neither place; the text says so.
pub(super) fn launcher(home: &Path) -> Result<PathBuf, String> {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(LAUNCHER));
    let installed = home.join("tools/fleet").join(LAUNCHER);
    let places = beside.into_iter().chain([installed.clone()]);
    places.into_iter().find(|program| program.is_file()).ok_or_else(|| {
        format!("{LAUNCHER} is neither beside this program nor at {}: run mosaic fleet install", installed.display())
    })
}

/// What is set for an agent: its env file, as its unit reads it; before there is one, what the roster
/// would make of it.
///
/// # Errors
/// The file is there and cannot be read; the text says why.
pub(super) fn variables(
    context: &Context,
    roster: &Roster,
    agent: &AgentName,
) -> Result<Vec<(String, OsString)>, String> {
    let path = context.home.path().join(format!("fleet/agents/{agent}.env"));
    let file = match fs::read_to_string(&path) {
        Ok(text) => AgentEnv::parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match roster.agent(agent.as_str()) {
            Some(entry) => AgentEnv::parse("").merged(&roster.settings(entry), None),
            None => AgentEnv::parse(""),
        },
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let fixed = [
        ("MOSAIC_TMUX_SOCKET", roster.tmux.socket_name.as_str().into()),
        ("MOSAIC_HOME", context.home.path().into()),
        ("MOSAIC_HEARTBEAT_RUN_DIR", context.run_directory.path().into()),
        ("MOSAIC_AGENT_NAME", agent.as_str().into()),
    ];
    let fixed = fixed.map(|(name, value): (&str, OsString)| (name.to_owned(), value));
    let given = file.variables().into_iter().map(|(name, value)| (name, value.into()));
    // In this order: a later one wins, and an env file may name a socket of its own.
    Ok(fixed.into_iter().chain(given).collect())
}

/// Runs the launcher, which returns once the agent's command runs.
///
/// # Errors
/// It did not start the agent; the text is its word.
pub(super) fn launch(
    launcher: &Path,
    agent: &AgentName,
    variables: Vec<(String, OsString)>,
    limit: Duration,
) -> Result<Change, String> {
    let mut command = Command::new(launcher);
    for name in OF_THE_CALLER {
        command.env_remove(name);
    }
    // Ctrl-C is for whoever waits for the agent; half a start would be an agent that is gone.
    command.envs(variables).arg(agent.as_str()).process_group(0);
    let output = bounded_output(&mut command, limit).map_err(|error| format!("{}: {error}", launcher.display()))?;
    verdict(agent, &output)
}

fn verdict(agent: &AgentName, output: &Output) -> Result<Change, String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let (errors, others): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("ERROR: "));
    // Warnings, and what the agent printed before it ended.
    for line in &others {
        crate::view::tell(line);
    }
    if output.status.success() {
        let ran = output.stdout.starts_with(b"Mosaic agent session already running");
        return Ok(if ran { Change::AlreadyRunning } else { Change::Started });
    }
    // Whom it is about is told beside it.
    let own = format!("{agent}: ");
    let bare = |line: &&str| line.trim_start_matches("ERROR: ").trim_start_matches(&own).to_owned();
    let why = errors.iter().map(bare).collect::<Vec<String>>().join("; ");
    if !why.is_empty() {
        return Err(why);
    }
    match output.status.code() {
        Some(code) if code == ExitCode::Bug as i32 => Err(format!("{LAUNCHER} has a bug: {}", others.join("; "))),
        _ => Err(format!("{LAUNCHER} ended without a word, {}", output.status)),
    }
}
