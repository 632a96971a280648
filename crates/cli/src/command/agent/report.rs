//! `mosaic agent report`: what an agent says of itself.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_heartbeat::{Activity, ActivityReport, Moment, RunDirectory, Saying, Uptime};
use mosaic_process::ProcRoot;
use serde_json::Value;

use crate::context::Environment;
use crate::reporting;
use crate::view::print_notice;

/// Say what this agent does (for agents: run it in the agent's pane)
///
/// Whoever calls it is not to be harmed: it takes milliseconds, and its exit code is 0 whatever happens. What
/// could not be said is told on standard error.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Report {
    /// working, waiting (a person is needed), idle, or blocked (nobody's answer would help)
    #[arg(value_name = "ACTIVITY", value_parser = activity, required_unless_present = "from")]
    activity: Option<Activity>,

    /// Take what its own hooks tell, an event as JSON on standard input
    #[arg(long, value_name = "RUNTIME", conflicts_with_all = ["activity", "reason"])]
    from: Option<Hooked>,

    /// For what it waits, or what blocks it; as the first word of a wait: permission, question, login,
    /// usage limit, trust
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,

    /// The model it uses, from now on
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    model: Option<String>,

    /// What it works on, until it is idle
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    task: Option<String>,

    /// The message that it took last, by the id that 'mosaic agent send' gave it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    message_id: Option<String>,
}

/// A runtime whose hooks call this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Hooked {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
}

/// How long an event may take to come.
const PATIENCE: Duration = Duration::from_secs(1);

const AFTER_HELP: &str = "\
claude, codex, pi and opencode report by themselves when 'mosaic RUNTIME' or 'mosaic yolo RUNTIME'
starts them in an agent's pane. For anything else, call this from its own hooks.

The agent is the one of MOSAIC_AGENT_NAME. What is left out stays as it was said before; an empty
text takes it back.

Examples:
  mosaic agent report working --task 'rebase the branch'
  mosaic agent report waiting --reason 'permission: deploy'
  mosaic agent report idle";

impl Report {
    /// Says it, of the fleet in that home if it is not that of the environment. There is nothing that could go wrong
    /// for the caller.
    pub(crate) fn run(&self, home: Option<&Path>, environment: &Environment) -> ExitCode {
        let home = home.map(OsString::from);
        let variable = |name: &str| match name {
            "MOSAIC_HOME" => home.clone().or_else(|| environment.variable(name)),
            name => environment.variable(name),
        };
        if let Err(why) = self.report(variable) {
            print_notice(&format!("WARNING: not reported: {why}"));
        }
        ExitCode::Ok
    }

    fn report(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<(), String> {
        let name = variable("MOSAIC_AGENT_NAME").filter(|name| !name.is_empty());
        let name =
            name.ok_or("MOSAIC_AGENT_NAME, which says whose report it is, is not set; it is in an agent's pane")?;
        let agent: AgentName = name.to_string_lossy().parse().map_err(|error| format!("MOSAIC_AGENT_NAME: {error}"))?;
        let directory = RunDirectory::from_environment(variable).map_err(|error| error.to_string())?;
        // What nobody can read is replaced.
        let before = mosaic_heartbeat::read_activity(&directory.activity(&agent)).unwrap_or_default();
        let Some(saying) = self.saying()? else { return Ok(()) };
        let Some(report) = ActivityReport::after(before.as_ref(), saying, now()) else { return Ok(()) };
        let place = || directory.activity(&agent).display().to_string();
        mosaic_heartbeat::write_activity(&directory, &agent, &report)
            .map_err(|error| format!("cannot write {}: {error}", place()))
    }

    /// What is said; nothing, if an event says nothing of the agent.
    fn saying(&self) -> Result<Option<Saying>, String> {
        let said = match (self.from, self.activity) {
            (Some(runtime), _) => {
                let event = event_within(PATIENCE)?;
                match runtime {
                    Hooked::Claude => reporting::claude::report_of(&event),
                    Hooked::Codex => reporting::codex::report_of(&event),
                }
            }
            (None, activity) => activity.map(reporting::Report::of),
        };
        Ok(said.map(|said| Saying {
            activity: said.activity,
            reason: self.reason.clone().or(said.reason),
            model: self.model.clone().or(said.model),
            task: self.task.clone().or(said.task),
            message_id: self.message_id.clone(),
        }))
    }
}

/// The event on standard input. Whoever calls this and does not close it is not waited for.
fn event_within(patience: Duration) -> Result<Value, String> {
    let (sender, event) = mpsc::channel();
    let read = move || {
        // Whoever has given up does not listen.
        let _ = sender.send(serde_json::from_reader::<_, Value>(BufReader::new(io::stdin())));
    };
    thread::Builder::new().spawn(read).map_err(|error| format!("cannot start a thread: {error}"))?;
    let event = event.recv_timeout(patience).map_err(|_| format!("no event came within {} s", patience.as_secs()))?;
    event.map_err(|error| format!("the event on standard input is no JSON: {error}"))
}

fn now() -> Moment {
    let boot = ProcRoot::default().boot_id().ok();
    let uptime = boot.map(|boot| Uptime {
        boot,
        monotonic: mosaic_process::monotonic(),
        since_boot: mosaic_process::since_boot(),
    });
    Moment { wall: Timestamp::now(), uptime }
}

fn activity(word: &str) -> Result<Activity, String> {
    let known = Activity::ALL.into_iter().find(|activity| activity.as_str() == word);
    known.ok_or_else(|| format!("possible ones: {}", Activity::ALL.map(Activity::as_str).join(", ")))
}
