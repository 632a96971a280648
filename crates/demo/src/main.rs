//! `./dev demo`: starts a fleet of three agents, kills one of them, and shows its return.
//!
//! The program runs in four roles, selected by an option:
//!
//! ```text
//! demo ──▶ checks, asks which agents to run, and becomes
//!          demo --play DIRECTORY     starts the fleet and plays the scene (`scene`)
//!            ├─▶ demo --guard DIRECTORY      waits for the end of its parent and cleans up (`cleanup`)
//!            └─▶ start-agent-session, in a transient unit or directly (`launcher`)
//!                  └─▶ demo --stand-in NAME  an agent that prints made-up work (`agent_program`)
//! ```
//!
//! `--play` is a process of its own because `TMUX_TMPDIR` has to be in the environment before it starts.
//!
//! The conditions in the table are those of `mosaic fleet ps`: `mosaic-probe` observes the demo's fleet by a roster
//! of its own. The demo does not run the `mosaic` binary, because that would build all of its commands, and because
//! `mosaic fleet install-systemd` installs units whose names belong to the user's real fleet.

mod agent_program;
mod cleanup;
mod home;
mod launcher;
mod observer;
mod scene;

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_domain::env_var;
use mosaic_exit_code::ExitCode;
use mosaic_tmux::TmuxError;

use agent_program::AgentProgram;
use home::{Home, Programs};

/// The agents, in the order of the table.
const AGENTS: [&str; 3] = ["planner", "worker", "reviewer"];
/// The agent that is killed.
const VICTIM: &str = AGENTS[1];
/// The name of the tmux socket of the fleet, in the directory of the demo.
const SOCKET: &str = "mosaic-demo";

/// Start a fleet of three agents, kill one of them, and show its return
///
/// The fleet has its own tmux socket, directory and, if a systemd user manager answers, units. Your tmux server and
/// your fleet are not touched. Ctrl-C ends the demo and removes everything.
#[derive(Clone, Debug, Parser)]
#[command(name = "demo", version, after_help = AFTER_HELP)]
struct Arguments {
    /// Exit after the scene instead of running until Ctrl-C
    #[arg(long)]
    once: bool,

    /// The program that runs as agent [default: ask if one is on PATH, else stand-in]
    #[arg(long, value_name = "NAME")]
    runtime: Option<AgentProgram>,

    /// The roles of the other processes of the demo, each with its argument.
    #[arg(long, hide = true, value_name = "DIRECTORY")]
    play: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "DIRECTORY")]
    guard: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "NAME")]
    stand_in: Option<String>,
}

const AFTER_HELP: &str = "\
A real runtime runs three times, with your account and at your cost; the demo sends it nothing.

Environment:
  MOSAIC_FLEET_BIN_DIR  the directory of start-agent-session, agent-sidecar and agent-pane
                        [default: the directory of this program]
  TMPDIR                the parent of the demo's directory, if it is a short, plain path [default: /tmp]
  NO_COLOR              disables color if not empty

Exit codes:
  0   the scene went as expected, or was ended before it could fail
  1   the scene failed; with --once also if it was ended early
  64  wrong usage
  69  tmux, the programs of Mosaic Fleet or the chosen runtime are not installed
  70  internal error
  74  a file or directory cannot be read or written
  75  another demo is running
  128 + N if signal N arrived before anything was started";

/// Why the demo cannot run.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    #[error("{0} is in no directory of PATH: install it, or use --runtime stand-in")]
    RuntimeNotFound(AgentProgram),
    #[error(
        "{} does not exist: build it and start the demo with ./dev demo, or set MOSAIC_FLEET_BIN_DIR to its directory",
        .0.display()
    )]
    ProgramNotFound(PathBuf),
    #[error(
        "another demo is running under this user manager; end it first. If none is left, run \
         systemctl --user stop 'mosaic-demo-*'"
    )]
    Busy,
    #[error("{agent} did not start: {reason}")]
    Start { agent: &'static str, reason: String },
    #[error("{command} failed: {reason}")]
    Manager { command: String, reason: String },
    #[error("cannot {action}: {source}")]
    Io { action: String, source: io::Error },
}

impl DemoError {
    fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Tmux(_) | Self::RuntimeNotFound(_) | Self::ProgramNotFound(_) | Self::Manager { .. } => {
                ExitCode::Unavailable
            }
            Self::Busy => ExitCode::Busy,
            Self::Start { .. } => ExitCode::CheckFailed,
            Self::Io { .. } => ExitCode::Io,
        }
    }
}

fn main() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed standard output does not change the exit code.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
                _ => ExitCode::Usage,
            }
            .into();
        }
    };
    let result = match &arguments {
        Arguments { stand_in: Some(name), .. } => Ok(agent_program::run_stand_in(name)),
        Arguments { guard: Some(directory), .. } => cleanup::run_guard(directory),
        Arguments { play: Some(directory), .. } => scene::play(directory, &arguments),
        _ => Err(begin(&arguments)),
    };
    let code = result.unwrap_or_else(|error| {
        eprintln!("ERROR: {error}");
        error.exit_code()
    });
    code.into()
}

/// Checks the requirements, and becomes `demo --play`. Returns only on failure.
fn begin(arguments: &Arguments) -> DemoError {
    match prepare(arguments) {
        Ok(mut command) => DemoError::io("start this program again")(command.exec()),
        Err(error) => error,
    }
}

fn prepare(arguments: &Arguments) -> Result<Command, DemoError> {
    let programs = Programs::find()?;
    let path = env::var_os(env_var::PATH).unwrap_or_default();
    observer::tmux_server()?.check_version()?;
    let agent_program = match arguments.runtime {
        Some(program) if !program.is_available(&path) => return Err(DemoError::RuntimeNotFound(program)),
        Some(program) => program,
        None => AgentProgram::ask(&path),
    };
    let home = Home::choose(&env::temp_dir()).map_err(DemoError::io("choose a directory"))?;
    let mut command = Command::new(&programs.demo);
    command.arg("--play").arg(home.path()).args(["--runtime", agent_program.name()]);
    command.env(cleanup::MARK, home.path());
    if arguments.once {
        command.arg("--once");
    }
    Ok(command)
}
