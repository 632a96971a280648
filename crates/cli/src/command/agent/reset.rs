//! `mosaic agent reset`: clears an agent's conversation, and sends its kickstart prompt.

use std::time::{Duration, Instant};

use clap::Args;
use mosaic_delivery::{ConversationReset, DeliveryOptions, DeliveryTimeouts, Message, Receipt, Receipts, ResetPlan};
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_lifecycle::{LifecycleAction, LifecycleEvent, LifecycleExecutor, RESTART_TIMEOUT, Scope, wait_until_up};
use mosaic_roster::Roster;
use serde::Serialize;

use super::receipt_text::{QueueOption, receipt_text};
use super::{end_on_signals, message_sender, source};
use crate::command::fleet::print_lifecycle_note;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::receipts_exit_code;
use crate::grammar::{JsonArg, NamedAgent, Seconds};
use crate::view::{print_json_outcome, print_outcome};

/// Clear an agent's conversation and send its kickstart prompt
///
/// When the agent is idle, the reset command of its roster entry or of its runtime is typed like a message. An agent
/// without a reset command is restarted. Then the kickstart template of its roster entry is sent, if it has one, with
/// {agent}, {class}, {host} and {task} replaced.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Reset {
    #[command(flatten)]
    agent: NamedAgent,

    /// Clear the conversation (default)
    #[arg(long, conflicts_with = "new")]
    clear: bool,

    /// Start another conversation and keep the old one, if the runtime supports that
    #[arg(long)]
    new: bool,

    /// The task, for {task} in the template
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    task: Option<String>,

    /// Wait this long for the agent to be idle and ready, and again for it to accept [default: 10]
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

/// How long a program may take to show its composer, after a start and after a reset command.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

impl Reset {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let sender = message_sender(context);
        let to = sender.recipient(&roster, agent)?;
        let reset = if self.new { ConversationReset::New } else { ConversationReset::Clear };
        let (truth, claim) = source(context, &sender, None)?;
        let plan = ResetPlan::new(&roster, &to, (&truth, &claim), reset, self.task.as_deref())?;
        let kickstart = plan.kickstart.map(|message| (message, self.kickstart_options()));
        let report = if let Some(command) = plan.command {
            let text = command.payload.as_str().to_owned();
            let options = self.options(DeliveryTimeouts::default(), true);
            let messages: Vec<_> = [(command, options)].into_iter().chain(kickstart).collect();
            end_on_signals(&sender)?;
            ResetReport::typed(agent, &text, sender.send_sequence(&roster, &to, &messages)?)
        } else {
            let began = Instant::now();
            self.restart(context, &roster, agent)?;
            let took = began.elapsed();
            // The restarted agent has another process.
            let to = sender.recipient(&roster, agent)?;
            let messages: Vec<(Message, DeliveryOptions)> = kickstart.into_iter().collect();
            end_on_signals(&sender)?;
            ResetReport::restarted(agent, took, sender.send_sequence(&roster, &to, &messages)?)
        };
        if self.json.enabled {
            print_json_outcome(&report);
        } else {
            print_outcome(&report.text());
        }
        Ok(receipts_exit_code(report.receipts.summary()))
    }

    fn options(&self, default: DeliveryTimeouts, only_when_idle: bool) -> DeliveryOptions {
        let timeouts = self.wait.map_or(default, |wait| DeliveryTimeouts::with_wait(wait.0));
        DeliveryOptions { only_when_idle, timeouts, ..DeliveryOptions::default() }
    }

    fn kickstart_options(&self) -> DeliveryOptions {
        self.options(DeliveryTimeouts { ready: READY_TIMEOUT, ..DeliveryTimeouts::default() }, false)
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
        executor.run(LifecycleAction::Restart, &scope, RESTART_TIMEOUT, &mut keep_failure)?;
        let limit = self.wait.map_or(READY_TIMEOUT, |wait| wait.0);
        match failed.map_or_else(|| wait_until_up(&context.fleet, agent, limit), Err) {
            Ok(()) => Ok(()),
            Err(why) => Err(CommandError::Refused(format!("the conversation of {agent} was not cleared: {why}"))),
        }
    }
}

/// What `mosaic agent reset --json` prints.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResetReport {
    /// The agent.
    agent: String,
    /// How the conversation was cleared.
    how: ResetMethod,
    /// The command that was typed.
    command: Option<String>,
    /// The duration of the restart.
    restart_milliseconds: Option<u64>,
    /// The outcomes of the command, if one was typed, and of the kickstart prompt, if it was sent.
    #[serde(flatten)]
    receipts: Receipts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ResetMethod {
    Typed,
    Restarted,
}

impl ResetReport {
    /// Reports a reset by a typed command. The first receipt is that of the command.
    fn typed(agent: &AgentName, command: &str, receipts: Vec<Receipt>) -> Self {
        Self {
            agent: agent.to_string(),
            how: ResetMethod::Typed,
            command: Some(command.to_owned()),
            restart_milliseconds: None,
            receipts: Receipts::new(receipts),
        }
    }

    /// Reports a reset by a restart.
    fn restarted(agent: &AgentName, took: Duration, receipts: Vec<Receipt>) -> Self {
        Self {
            agent: agent.to_string(),
            how: ResetMethod::Restarted,
            command: None,
            restart_milliseconds: u64::try_from(took.as_millis()).ok(),
            receipts: Receipts::new(receipts),
        }
    }

    /// Returns a line for each step.
    fn text(&self) -> String {
        let Self { agent, .. } = self;
        let restart = self.restart_milliseconds.map(|milliseconds| {
            let seconds = Duration::from_millis(milliseconds).as_secs_f64();
            format!("{agent}  restarted in {seconds:.1} s\n")
        });
        let steps = self.command.as_deref().into_iter().chain(["kickstart"]);
        let receipts = steps
            .zip(&self.receipts.receipts)
            .map(|(step, receipt)| format!("{agent}  {step}: {}\n", receipt_text(receipt, QueueOption::Missing)));
        restart.into_iter().chain(receipts).collect()
    }
}
