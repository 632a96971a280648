//! Performs actions without a user manager. The launcher starts an agent, with the environment that the
//! agent's unit would give it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use mosaic_domain::{AgentName, MosaicHome, env_var};
use mosaic_process::{bounded_output, monotonic};
use mosaic_roster::{AgentEnvFile, Roster};
use mosaic_tmux::HolderStart;
use serde::Deserialize;

use crate::action::{ActionFailure, LifecycleEvent, Outcome, Reporter, Subject};
use crate::agent_plan::{AgentPlan, Step};
use crate::executor::{LifecycleError, LifecycleExecutor};
use crate::fleet_context::FleetContext;
use crate::parallel::for_each_parallel;

pub(crate) const LAUNCHER: &str = "start-agent-session";
/// The exit code of a launcher that panicked. It then prints no result.
const LAUNCHER_BUG: i32 = 70;

/// Variables of an agent that runs this command. Another agent must not inherit them.
const CALLER_VARIABLES: [&str; 8] = [
    env_var::AGENT_NAME,
    env_var::AGENT_RUNTIME,
    env_var::AGENT_CLASS,
    env_var::AGENT_WORKDIR,
    env_var::AGENT_COMMAND,
    env_var::AGENT_MODEL_HINT,
    env_var::HEARTBEAT_INTERVAL,
    env_var::REPORTER,
];

/// The result of a launch, and the lines that the launcher printed before it.
struct Launched {
    result: Result<Outcome, ActionFailure>,
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
    let launcher = find_launcher(&executor.context.location.home);
    let work = |(agent, plan): &(AgentName, AgentPlan)| {
        let silent = |result| Launched { result, output: Vec::new() };
        if plan.stop_unmanaged
            && let Err(why) = executor.stop_unmanaged(agent, timeout)
        {
            return silent(Err(why.into()));
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
                    Err(why) => silent(Err(why.into())),
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
pub(crate) fn find_launcher(home: &MosaicHome) -> Result<PathBuf, String> {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(LAUNCHER));
    let installed = home.paths().programs().join(LAUNCHER);
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
    let path = context.location.home.paths().agent_env(agent);
    let recorded = AgentEnvFile::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let file = recorded.unwrap_or_else(|| match roster.agent(agent.as_str()) {
        Some(entry) => AgentEnvFile::default().merged(&roster.settings(entry), None),
        None => AgentEnvFile::default(),
    });
    let fixed = [
        (env_var::TMUX_SOCKET, roster.tmux.socket_name.as_str().into()),
        (env_var::MOSAIC_HOME, context.location.home.path().into()),
        (env_var::HEARTBEAT_RUN_DIR, context.location.run_directory.path().into()),
        (env_var::AGENT_NAME, agent.as_str().into()),
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
    command.envs(variables).args(["--output", "json", agent.as_str()]).process_group(0);
    match bounded_output(&mut command, timeout) {
        Ok(output) => interpret(agent, &output, outcome),
        Err(error) => Launched { result: Err(format!("{}: {error}", launcher.display()).into()), output: Vec::new() },
    }
}

/// One line of the launcher's standard output (`--output json`). Unknown keys are ignored.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum LauncherLine {
    Warning {
        message: String,
    },
    /// One of the last lines of a pane that was removed because the start failed.
    PaneLine {
        text: String,
    },
    Result(LauncherResult),
}

/// The last line of the launcher's output.
#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum LauncherResult {
    /// The session is new.
    Created,
    /// The session existed without a sidecar, and has one now.
    Adopted,
    /// The session existed with a sidecar.
    AlreadyRunning,
    /// The agent was not started.
    Refused { reason: String },
}

/// Interprets the launcher's output. `outcome` is the outcome of a session that is new.
fn interpret(agent: &AgentName, output: &Output, outcome: Outcome) -> Launched {
    let mut result = None;
    let mut lines = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match serde_json::from_str(line) {
            Ok(LauncherLine::Warning { message }) => lines.push(format!("WARNING: {message}")),
            Ok(LauncherLine::PaneLine { text }) => lines.push(text),
            Ok(LauncherLine::Result(last)) => result = Some(last),
            Err(_) => lines.push(line.to_owned()),
        }
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let result = match result {
        Some(LauncherResult::Created) => Ok(outcome),
        Some(LauncherResult::Adopted | LauncherResult::AlreadyRunning) => Ok(Outcome::AlreadyRunning),
        // The report names the agent already.
        Some(LauncherResult::Refused { reason }) => {
            Err(reason.strip_prefix(&format!("{agent}: ")).unwrap_or(&reason).to_owned())
        }
        None if output.status.code() == Some(LAUNCHER_BUG) => {
            Err(format!("{LAUNCHER} has a bug: {}", stderr.lines().collect::<Vec<_>>().join("; ")))
        }
        None => Err(format!("{LAUNCHER} ended without a result, {}", output.status)),
    };
    lines.extend(stderr.lines().map(str::to_owned));
    Launched { result: result.map_err(ActionFailure::from), output: lines }
}

#[cfg(test)]
mod tests {
    use super::{Launched, interpret};
    use crate::action::Outcome;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{ExitStatus, Output};

    fn interpret_output(exit_code: i32, stdout: &str, stderr: &str) -> Launched {
        let status = ExitStatus::from_raw(exit_code << 8);
        let output = Output { status, stdout: stdout.into(), stderr: stderr.into() };
        interpret(&"coder0".parse().unwrap(), &output, Outcome::Restarted)
    }

    #[test]
    fn the_last_line_of_the_launcher_is_its_result() {
        let result = |outcome: &str| {
            format!(
                r#"{{"type":"result","outcome":"{outcome}","agent":"coder0","socket":"mosaic-factory","pid":18960}}"#
            )
        };
        let refusal = |reason: &str| {
            format!(
                r#"{{"type":"result","outcome":"refused","agent":"coder0","exit_kind":"busy","reason":"{reason}"}}"#
            )
        };
        let table = [
            (0, result("created"), "", Ok(Outcome::Restarted)),
            (0, result("adopted"), "", Ok(Outcome::AlreadyRunning)),
            (0, result("already-running"), "", Ok(Outcome::AlreadyRunning)),
            (75, refusal("process 812 watches coder0"), "", Err("process 812 watches coder0")),
            (78, refusal("coder0: no command"), "", Err("no command")),
            (70, String::new(), "panicked at\nnote", Err("start-agent-session has a bug: panicked at; note")),
            (0, String::new(), "", Err("start-agent-session ended without a result, exit status: 0")),
            (64, result("later"), "", Err("start-agent-session ended without a result, exit status: 64")),
        ];
        for (exit_code, stdout, stderr, expected) in table {
            let launched = interpret_output(exit_code, &stdout, stderr);
            assert_eq!(launched.result.map_err(|failure| failure.reason), expected.map_err(str::to_owned), "{stdout}");
        }
    }

    #[test]
    fn warnings_and_lines_of_the_pane_come_before_the_result() {
        let stdout = concat!(
            r#"{"type":"warning","message":"coder0 runs outside its unit"}"#,
            "\n",
            r#"{"type":"pane-line","text":"no-such-program: not found","column":1}"#,
            "\n",
            "not JSON\n",
            r#"{"type":"result","outcome":"refused","agent":null,"exit_kind":"check-failed","reason":"it ended"}"#,
            "\n",
        );
        let launched = interpret_output(1, stdout, "from the library\n");
        assert_eq!(launched.result, Err("it ended".to_owned().into()));
        let expected =
            ["WARNING: coder0 runs outside its unit", "no-such-program: not found", "not JSON", "from the library"];
        assert_eq!(launched.output, expected);
    }
}
