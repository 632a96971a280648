//! `mosaic agent reset`: makes an agent forget, and tells it what it is told first.

mod answer;
mod plan;

use std::time::{Duration, Instant};

use clap::Args;
use mosaic_delivery::{Message, Patience, PostError, Recipient, Request};
use mosaic_domain::{AgentName, ExitCode};
use mosaic_lifecycle::{LifecycleAction, LifecycleEvent, LifecycleExecutor, Scope, wait_until_up};
use mosaic_roster::Roster;

use crate::command::fleet::print_lifecycle_note;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgent, Seconds};
use crate::mail::{Office, Receipt};
use crate::view::{print, print_json};

use answer::Answer;
use plan::{Conversation, Plan};

/// Make an agent forget its task, and tell it what it is told first
///
/// Its runtime's reset command is typed as a message is, once the agent is idle: that of the roster, else
/// what is known of the runtime. A runtime that has none is restarted. Then the agent is told the kickstart
/// template of its roster entry, if it has one, with {agent}, {class}, {host} and {task} replaced.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Reset {
    #[command(flatten)]
    agent: NamedAgent,

    /// Forget the conversation (this is what is done if nothing is said)
    #[arg(long, conflicts_with = "new")]
    clear: bool,

    /// Begin another conversation, and keep the old one, where the runtime can tell them apart
    #[arg(long)]
    new: bool,

    /// What it is to do: {task} in the template
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    task: Option<String>,

    /// Wait so long for the agent to be idle and ready, and again for it to accept [default: 10]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Exit codes: 0 accepted or queued, 1 refused, 2 unconfirmed.

Examples:
  mosaic agent reset coder0
  mosaic agent reset coder0 --new --task issue-12
  mosaic agent reset coder0 --wait 60 --json";

/// How long a restart may take, as with 'mosaic fleet restart'.
const RESTARTING: Duration = Duration::from_mins(2);
/// How long a program may take until it shows its composer, after a start and after it has forgotten.
const COMING_UP: Duration = Duration::from_secs(30);

impl Reset {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let office = Office::new(context);
        let to = office.recipient(&roster, agent)?;
        let which = if self.new { Conversation::New } else { Conversation::Clear };
        let plan = Plan::make(context, &roster, &to, which, self.task.as_deref())?;
        let after = plan.kickstart.map(|kickstart| (kickstart, self.after()));
        let answer = if let Some(command) = plan.command {
            let text = command.payload.as_str().to_owned();
            let row = [(command, self.request(Patience::usual(), true))].into_iter().chain(after).collect::<Vec<_>>();
            Answer::typed(agent, &text, send(&office, &roster, &to, &row)?)
        } else {
            let began = Instant::now();
            self.restart(context, &roster, agent)?;
            let took = began.elapsed();
            // Its process is another one.
            let to = office.recipient(&roster, agent)?;
            Answer::restarted(agent, took, send(&office, &roster, &to, &Vec::from_iter(after))?)
        };
        if self.json.enabled {
            print_json(&answer)?;
        } else {
            print(&answer.text())?;
        }
        Ok(answer.exit_code())
    }

    fn request(&self, otherwise: Patience, only_when_idle: bool) -> Request {
        let patience = self.wait.map_or(otherwise, |wait| Patience::waiting(wait.0));
        Request { only_when_idle, rescue: true, until_turn: false, patience }
    }

    fn after(&self) -> Request {
        self.request(Patience { ready: COMING_UP, ..Patience::usual() }, false)
    }

    fn restart(&self, context: &Context, roster: &Roster, agent: &AgentName) -> Result<(), CommandError> {
        let mut failed = None;
        let scope = Scope::Agents(Vec::from([agent.clone()]));
        let mut keep_failure = |event| match event {
            LifecycleEvent::Finished(report) => {
                failed = report.result.err().map(|why| format!("it was not restarted: {why}")).or(failed.take());
            }
            other => print_lifecycle_note(&other),
        };
        let executor = LifecycleExecutor::new(&context.fleet, roster, &mut keep_failure)?;
        executor.run(LifecycleAction::Restart, &scope, RESTARTING, &mut keep_failure)?;
        let limit = self.wait.map_or(COMING_UP, |wait| wait.0);
        match failed.map_or_else(|| wait_until_up(&context.fleet, agent, limit), Err) {
            Ok(()) => Ok(()),
            Err(why) => Err(CommandError::Refused(format!("{agent} has not forgotten: {why}"))),
        }
    }
}

fn send(
    office: &Office<'_>,
    roster: &Roster,
    to: &Recipient,
    row: &[(Message, Request)],
) -> Result<Vec<Receipt>, CommandError> {
    if row.is_empty() {
        return Ok(Vec::new());
    }
    let began = Instant::now();
    let server = office.server(roster)?;
    let sent: Result<_, PostError> = office.post(&server).send_in_a_row(to, row);
    Ok(sent?.iter().map(|entry| Receipt::of(&entry.record, began.elapsed())).collect())
}
