//! `mosaic agent send`: sends a message to agents, and prints its outcome.

use std::io;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use mosaic_delivery::{Addressees, InvalidPayload, Payload, Receipts, RemoteHost, SendRequest, receive, send_to_host};
use mosaic_domain::env_var;
use mosaic_exit_code::ExitCode;

use super::message_text::MessageText;
use super::receipt_text::{QueueOption, receipts_text};
use super::{end_on_signals, message_sender, source};
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::receipts_exit_code;
use crate::grammar::{HumanDuration, JsonArg, Seconds};
use crate::view::{print_json_outcome, print_outcome};

/// Send a message to agents, and confirm that it arrives
///
/// The message is typed when the agent's composer is visible and empty, and its outcome is read from the screen:
/// accepted, queued by the agent's program, refused (nothing was typed), or unconfirmed (it was typed, and its
/// acceptance was not seen; it is not typed again automatically). The text comes from --message, from --file, or
/// from standard input.
#[derive(Args, Clone, Debug)]
#[command(
    group = ArgGroup::new("text").args(["message", "file"]),
    after_help = AFTER_HELP
)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent options")]
pub(crate) struct Send {
    /// The agents; a final '-' takes the text from standard input
    #[arg(value_name = "AGENT")]
    agents: Vec<String>,

    /// Send to all agents of the roster
    #[arg(long)]
    all: bool,

    /// Send to all agents of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,

    /// The text of the message
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    message: Option<String>,

    /// The file with the text
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// The sender in the preamble [default: this host and the sending agent, or 'operator']
    ///
    /// From an agent's pane, a label that is not the agent's own is shown beside it, as in '[build1:coder0 as lead -> …]'.
    #[arg(long, alias = "source", value_name = "LABEL")]
    source_label: Option<String>,

    /// The agent's host in the preamble [default: its short name]
    #[arg(long, value_name = "LABEL")]
    host_label: Option<String>,

    /// Omit the preamble '[source -> host:agent]'
    #[arg(long)]
    no_preamble: bool,

    /// Wait this long for the agent to be ready, and again for it to accept [default: 10]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    /// Wait until the message appears as a turn, even if the agent's program queues it
    #[arg(long)]
    verify: bool,

    /// If the agent is not running or not idle, keep the message until it is, even across a reboot
    #[arg(long)]
    queue: bool,

    /// How long a queued message is kept, such as 30m, 12h or 2d [default: 24h]
    #[arg(long, value_name = "TIME", requires = "queue")]
    expires: Option<HumanDuration>,

    /// Send to agents on another host, by ssh and the mosaic there
    #[arg(short = 'H', long, value_name = "[USER@]HOST")]
    host: Option<RemoteHost>,

    #[command(flatten)]
    json: JsonArg,

    /// Print nothing on success
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// The tmux socket of --tmux-target
    #[arg(long, hide = true, requires = "tmux_target")]
    tmux_socket: Option<String>,

    /// A pane that need not be an agent's, for tools that take a tmux target
    #[arg(long, hide = true, conflicts_with = "queue")]
    tmux_target: Option<String>,

    /// Press Enter only once
    #[arg(long, hide = true)]
    no_rescue: bool,

    /// Also type into a program that reads lines and shows no prompt
    #[arg(long, hide = true, requires = "tmux_target")]
    without_prompt: bool,
}

const AFTER_HELP: &str = "\
Exit codes: 0 accepted or queued, 1 refused, 2 unconfirmed.

Examples:
  mosaic agent send coder0 --message 'please rebase on main'
  mosaic agent send coder0 --file review.md --queue --expires 12h
  git diff | mosaic agent send reviewer0 -
  mosaic agent send --class implementer -m 'stop and report' --json
  mosaic agent send coder0 -H ops@build2 -m 'are you there?'";

impl Send {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.check_text()?;
        let (to, text) = (self.addressees()?, self.text());
        // Invalid UTF-8 is reported as in any other message.
        let bytes = text.read()?;
        if Payload::new(&bytes) == Err(InvalidPayload::Empty) {
            let advice = "give it with -m TEXT, --file FILE or on standard input";
            return Err(CommandError::Usage(format!("{}: {advice}", InvalidPayload::Empty)));
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| Payload::new(error.as_bytes()).err().unwrap_or(InvalidPayload::Empty))?;
        let sender = message_sender(context);
        let (truth, claim) = source(context, &sender, self.source_label.as_deref())?;
        let request = SendRequest {
            to,
            text,
            source: claim.label,
            sender: Some(truth),
            is_claimed: claim.is_claimed,
            host_label: self.host_label.clone(),
            preamble: !self.no_preamble,
            expires: self.queue.then(|| self.expires.unwrap_or_default().0.as_secs_f64()),
            wait: self.wait.map(|wait| wait.0.as_secs_f64()),
            verify: self.verify,
            retry_enter: !self.no_rescue,
            without_prompt: self.without_prompt,
        };
        let receipts = if let Some(host) = &self.host {
            let ssh = context.fleet.environment.variable(env_var::SSH).unwrap_or_else(|| "ssh".into());
            send_to_host(host, &request, &ssh.to_string_lossy())?
        } else {
            end_on_signals(&sender)?;
            sender.send(&request)?
        };
        self.print(&receipts);
        Ok(receipts_exit_code(receipts.summary()))
    }

    fn addressees(&self) -> Result<Addressees, CommandError> {
        let named: Vec<String> = self.agents.iter().filter(|agent| *agent != "-").cloned().collect();
        let target =
            self.tmux_target.clone().map(|target| Addressees::Target { socket: self.tmux_socket.clone(), target });
        let options = [
            Some(Addressees::Agents(named)).filter(|agents| *agents != Addressees::Agents(Vec::new())),
            self.all.then_some(Addressees::All),
            self.class.clone().map(Addressees::Class),
            target,
        ];
        let mut given = options.into_iter().flatten();
        let usage = |text: &str| Err(CommandError::Usage(text.to_owned()));
        match (given.next(), given.next()) {
            (Some(addressees), None) => Ok(addressees),
            (None, _) => usage(
                "no recipient is given: name an AGENT, or use --class CLASS or --all; 'mosaic agent roster' lists the agents",
            ),
            (Some(_), Some(_)) => usage("give only one of AGENT, --class CLASS and --all"),
        }
    }

    fn check_text(&self) -> Result<(), CommandError> {
        let is_stdin = self.agents.iter().any(|agent| agent == "-");
        if is_stdin && (self.message.is_some() || self.file.is_some()) {
            let text = "'-' takes the text from standard input: omit it, or omit --message and --file".to_owned();
            return Err(CommandError::Usage(text));
        }
        Ok(())
    }

    fn text(&self) -> MessageText {
        match (&self.message, &self.file) {
            (Some(message), _) => MessageText::Argument(message.clone()),
            (None, Some(file)) => MessageText::File(file.clone()),
            (None, None) => MessageText::Stdin,
        }
    }

    fn print(&self, receipts: &Receipts) {
        if self.json.enabled {
            print_json_outcome(receipts);
        } else if !self.quiet {
            print_outcome(&receipts_text(receipts, QueueOption::Exists));
        }
    }
}

/// Receive a message from another host's mosaic on standard input
#[derive(Args, Clone, Debug)]
#[command(hide = true, after_help = "Example:\n  mosaic agent send coder0 -H this-host -m hello   on another host")]
pub(crate) struct Receive {}

impl Receive {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let Self {} = self;
        let sender = message_sender(context);
        end_on_signals(&sender)?;
        let receipts = receive(&sender, io::stdin().lock(), io::stdout().lock())?;
        print_json_outcome(&receipts);
        Ok(receipts_exit_code(receipts.summary()))
    }
}
