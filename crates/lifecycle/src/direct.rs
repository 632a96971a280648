//! Performs actions without a user manager. The launcher starts an agent, with the environment that the
//! agent's unit would give it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::{bounded_output, monotonic};
use mosaic_roster::{AgentEnvFile, Roster};
use mosaic_tmux::HolderStart;

use crate::action::{LifecycleEvent, Outcome, Reporter, Subject};
use crate::agent_plan::{AgentPlan, Step};
use crate::executor::{LifecycleError, LifecycleExecutor};
use crate::fleet_context::FleetContext;
use crate::parallel::for_each_parallel;

const LAUNCHER: &str = "start-agent-session";
/// The exit code by which the launcher reports a bug of its own.
const LAUNCHER_BUG: i32 = 70;

/// Variables of an agent that runs this command. Another agent must not inherit them.
const CALLER_VARIABLES: [&str; 8] = [
    "MOSAIC_AGENT_NAME",
    "MOSAIC_AGENT_RUNTIME",
    "MOSAIC_AGENT_CLASS",
    "MOSAIC_AGENT_WORKDIR",
    "MOSAIC_AGENT_COMMAND",
    "MOSAIC_AGENT_MODEL_HINT",
    "MOSAIC_HEARTBEAT_INTERVAL",
    "MOSAIC_REPORTER",
];

/// The result of a launch, and what was written to standard error meanwhile.
struct Launched {
    result: Result<Outcome, String>,
    output: Vec<String>,
}

/// Executes the plans in parallel. The holder is started before any agent.
pub(crate) fn execute(
    executor: &LifecycleExecutor<'_>,
    plans: &[(AgentName, AgentPlan)],
    timeout: Duration,
    reporter: &mut dyn Reporter,
) -> Result<(), LifecycleError> {
    let began = monotonic();
    if plans.iter().any(|(_, plan)| matches!(plan.step, Step::Launch(_))) {
        let holder = executor.server()?.start_holder(&executor.roster.tmux.holder_session)?;
        if holder == HolderStart::Started {
            reporter.report(LifecycleEvent::finished_now(Subject::Holder, Ok(Outcome::Started), began));
        }
    }
    let launcher = find_launcher(executor.context.home.path());
    let work = |(agent, plan): &(AgentName, AgentPlan)| {
        let silent = |result| Launched { result, output: Vec::new() };
        if plan.stop_unmanaged
            && let Err(why) = executor.stop_unmanaged(agent, timeout)
        {
            return silent(Err(why));
        }
        match &plan.step {
            Step::Done(outcome) | Step::Job(outcome) => silent(Ok(*outcome)),
            Step::Refuse(why) => silent(Err(why.clone())),
            Step::Launch(outcome) => {
                let remaining = (began + timeout).saturating_sub(monotonic());
                let prepared = launcher
                    .clone()
                    .and_then(|launcher| Ok((launcher, agent_variables(executor.context, executor.roster, agent)?)));
                match prepared {
                    Ok((launcher, variables)) => launch(&launcher, agent, variables, *outcome, remaining),
                    Err(why) => silent(Err(why)),
                }
            }
        }
    };
    for_each_parallel(plans, work, |(agent, _), launched| {
        for line in launched.output {
            reporter.report(LifecycleEvent::LauncherOutput { line });
        }
        reporter.report(LifecycleEvent::finished_now(Subject::Agent(agent.clone()), launched.result, began));
    });
    Ok(())
}

/// Removes the session that keeps the tmux server alive, if it exists.
pub(crate) fn stop_holder(executor: &LifecycleExecutor<'_>, reporter: &mut dyn Reporter) -> Result<(), LifecycleError> {
    let began = monotonic();
    let session = &executor.roster.tmux.holder_session;
    if executor.observer().has_session(session.as_str()) {
        executor.server()?.stop_holder(session)?;
        reporter.report(LifecycleEvent::finished_now(Subject::Holder, Ok(Outcome::Stopped), began));
    }
    Ok(())
}

/// Finds the launcher beside this program, or else where it is installed.
fn find_launcher(home: &Path) -> Result<PathBuf, String> {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(LAUNCHER));
    let installed = home.join("tools/fleet").join(LAUNCHER);
    let candidates = beside.into_iter().chain([installed.clone()]);
    candidates.into_iter().find(|program| program.is_file()).ok_or_else(|| {
        format!(
            "{LAUNCHER} is neither in the directory of this program nor at {}: run 'mosaic fleet install'",
            installed.display()
        )
    })
}

/// The variables of an agent: those of its env file, which its unit reads too, or what the roster would
/// write into that file if it does not exist yet.
fn agent_variables(
    context: &FleetContext,
    roster: &Roster,
    agent: &AgentName,
) -> Result<Vec<(String, OsString)>, String> {
    let path = context.home.path().join(format!("fleet/agents/{agent}.env"));
    let file = match fs::read_to_string(&path) {
        Ok(text) => AgentEnvFile::parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match roster.agent(agent.as_str()) {
            Some(entry) => AgentEnvFile::parse("").merged(&roster.settings(entry), None),
            None => AgentEnvFile::parse(""),
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
    let from_file = file.variables().into_iter().map(|(name, value)| (name, value.into()));
    // The last value of a name wins, so an env file may set a socket of its own.
    Ok(fixed.into_iter().chain(from_file).collect())
}

/// Runs the launcher, which returns once the agent's command runs.
fn launch(
    launcher: &Path,
    agent: &AgentName,
    variables: Vec<(String, OsString)>,
    outcome: Outcome,
    timeout: Duration,
) -> Launched {
    let mut command = Command::new(launcher);
    for name in CALLER_VARIABLES {
        command.env_remove(name);
    }
    // In a process group of its own, because Ctrl-C must not interrupt a start half-way.
    command.envs(variables).arg(agent.as_str()).process_group(0);
    match bounded_output(&mut command, timeout) {
        Ok(output) => interpret(agent, &output, outcome),
        Err(error) => Launched { result: Err(format!("{}: {error}", launcher.display())), output: Vec::new() },
    }
}

/// Reads the launcher's text output.
fn interpret(agent: &AgentName, output: &Output, outcome: Outcome) -> Launched {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let (errors, others): (Vec<&str>, Vec<&str>) = stderr.lines().partition(|line| line.starts_with("ERROR: "));
    // The report names the agent already.
    let prefix = format!("{agent}: ");
    let bare = |line: &&str| line.trim_start_matches("ERROR: ").trim_start_matches(&prefix).to_owned();
    let why = errors.iter().map(bare).collect::<Vec<String>>().join("; ");
    let result = if output.status.success() {
        let ran = output.stdout.starts_with(b"Mosaic agent session already running");
        Ok(if ran { Outcome::AlreadyRunning } else { outcome })
    } else if !why.is_empty() {
        Err(why)
    } else if output.status.code() == Some(LAUNCHER_BUG) {
        Err(format!("{LAUNCHER} has a bug: {}", others.join("; ")))
    } else {
        Err(format!("{LAUNCHER} ended without an error message, {}", output.status))
    };
    Launched { result, output: others.into_iter().map(str::to_owned).collect() }
}
