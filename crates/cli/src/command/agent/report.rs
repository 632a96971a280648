//! `mosaic agent report`: records an agent's own report of its activity.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use mosaic_delivery::{calling_agent, runs_in_pane_of};
use mosaic_domain::{AgentName, env_var};
use mosaic_exit_code::ExitCode;
use mosaic_heartbeat::{Activity, ActivityReport, ActivityUpdate, ClockReading, RunDirectory, Uptime};
use mosaic_process::ProcRoot;
use mosaic_runtimes::{EventFormat, EventReport};
use serde_json::Value;

use crate::context::Environment;
use crate::view::print_notice;

/// Report this agent's activity (agents run it in their pane)
///
/// The command takes milliseconds and always exits with 0, so that it never harms the agent. Errors are printed on
/// standard error.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Report {
    /// working, waiting (for a person), idle, or blocked (a person cannot help)
    #[arg(value_name = "ACTIVITY", value_parser = activity, required_unless_present = "from")]
    activity: Option<Activity>,

    /// Read an event of the runtime's own hooks, as JSON from standard input
    #[arg(long, value_name = "RUNTIME", conflicts_with_all = ["activity", "reason"])]
    from: Option<HookRuntime>,

    /// What the agent waits for, or what blocks it; a wait begins with permission, question, login, usage limit or
    /// trust
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,

    /// The model that the agent uses from now on
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    model: Option<String>,

    /// The task until the agent is idle
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    task: Option<String>,

    /// The id of the last message that the agent has accepted, as printed by 'mosaic agent send'
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    message_id: Option<String>,
}

/// A runtime whose hooks run this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HookRuntime {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// GitHub Copilot CLI
    Copilot,
}

/// How long to wait for the event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(1);

const AFTER_HELP: &str = "\
claude, codex, pi, opencode, qwen and copilot report automatically if 'mosaic RUNTIME' or 'mosaic yolo RUNTIME'
starts them in an agent's pane. For other programs, run this command from their hooks.

MOSAIC_AGENT_NAME names the agent. An option that is omitted keeps its earlier value; an empty
text removes it.

Examples:
  mosaic agent report working --task 'rebase the branch'
  mosaic agent report waiting --reason 'permission: deploy'
  mosaic agent report idle";

impl Report {
    /// Records the report for the fleet in `home`, or in the home that the environment names. It always succeeds for the
    /// caller.
    pub(crate) fn run(&self, home: Option<&Path>, environment: &Environment) -> ExitCode {
        let home = home.map(OsString::from);
        let variable = |name: &str| match name {
            env_var::MOSAIC_HOME => home.clone().or_else(|| environment.variable(name)),
            name => environment.variable(name),
        };
        if let Err(error) = self.record(variable) {
            print_notice(&format!("WARNING: the activity was not reported: {error}"));
        }
        ExitCode::Ok
    }

    fn record(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<(), String> {
        let name = variable(env_var::AGENT_NAME).filter(|name| !name.is_empty());
        let name = name.ok_or("MOSAIC_AGENT_NAME is not set; run this command in an agent's pane")?;
        let agent: AgentName = name.to_string_lossy().parse().map_err(|error| format!("MOSAIC_AGENT_NAME: {error}"))?;
        let directory = RunDirectory::from_environment(variable).map_err(|error| error.to_string())?;
        // A process outside all panes may report for any agent, such as one that a daemon of the agent has started.
        if !runs_in_pane_of(&directory, &agent)
            && let Some(own) = calling_agent(&directory, |_| None).map(|calling| calling.agent)
        {
            return Err(format!("this process runs in the pane of {own}, and MOSAIC_AGENT_NAME is {agent}: unset it"));
        }
        // An unreadable report is replaced.
        let before = mosaic_heartbeat::read_activity(&directory.activity(&agent)).unwrap_or_default();
        let Some(update) = self.activity_update()? else { return Ok(()) };
        let Some(report) = ActivityReport::next(before.as_ref(), update, now()) else { return Ok(()) };
        let path = || directory.activity(&agent).display().to_string();
        mosaic_heartbeat::write_activity(&directory, &agent, &report)
            .map_err(|error| format!("cannot write {}: {error}", path()))
    }

    /// Returns the update; `None` if the event says nothing about the agent's activity.
    fn activity_update(&self) -> Result<Option<ActivityUpdate>, String> {
        let report = match (self.from, self.activity) {
            (Some(runtime), _) => {
                let format = match runtime {
                    HookRuntime::Claude => EventFormat::Claude,
                    HookRuntime::Codex => EventFormat::Codex,
                    HookRuntime::Copilot => EventFormat::Copilot,
                };
                format.parse(&read_event(EVENT_TIMEOUT)?)
            }
            (None, activity) => activity.map(EventReport::new),
        };
        Ok(report.map(|report| ActivityUpdate {
            activity: report.activity,
            reason: self.reason.clone().or(report.reason),
            model: self.model.clone().or(report.model),
            task: self.task.clone().or(report.task),
            message_id: self.message_id.clone(),
        }))
    }
}

/// Reads the event from standard input. A caller that does not close it is not waited for.
fn read_event(timeout: Duration) -> Result<Value, String> {
    let (sender, event) = mpsc::channel();
    let read = move || {
        // After the timeout there is no receiver.
        let _ = sender.send(serde_json::from_reader::<_, Value>(BufReader::new(io::stdin())));
    };
    thread::Builder::new().spawn(read).map_err(|error| format!("cannot start a thread: {error}"))?;
    let event = event
        .recv_timeout(timeout)
        .map_err(|_| format!("no event arrived on standard input within {} s", timeout.as_secs()))?;
    event.map_err(|error| format!("the event on standard input is not JSON: {error}"))
}

fn now() -> ClockReading {
    let boot = ProcRoot::default().boot_id().ok();
    let uptime = boot.map(|boot| Uptime {
        boot,
        monotonic: mosaic_process::monotonic(),
        since_boot: mosaic_process::since_boot(),
    });
    ClockReading { wall: Timestamp::now(), uptime }
}

fn activity(word: &str) -> Result<Activity, String> {
    let known = Activity::ALL.into_iter().find(|activity| activity.as_str() == word);
    known.ok_or_else(|| format!("expected one of: {}", Activity::ALL.map(Activity::as_str).join(", ")))
}
