//! `mosaic agent send`: gets a message to agents, and tells what became of it.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{HumanDuration, JsonArg, Seconds};
use crate::mail::{Addressees, Dispatch, Office, Receipts, RemoteHost, TextSource, send_to, sender};
use crate::view::{print, print_json};

/// Send agents a message, and tell whether it arrived
///
/// It is typed when the agent's composer is there and empty, and what became of it is seen on its screen:
/// accepted, queued by the agent's program, refused (nothing was typed), or unconfirmed (typed, and not
/// seen accepted; it is never typed again by itself). The text comes from --message, --file, or standard
/// input.
#[derive(Args, Clone, Debug)]
#[command(
    group = ArgGroup::new("text").args(["message", "file"]),
    after_help = AFTER_HELP
)]
#[expect(clippy::struct_excessive_bools, reason = "they are what can be typed, each by itself")]
pub(crate) struct Send {
    /// The agents; a '-' behind them takes the text from standard input
    #[arg(value_name = "AGENT")]
    agents: Vec<String>,

    /// To all agents of the roster
    #[arg(long)]
    all: bool,

    /// To all agents of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,

    /// The message
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    message: Option<String>,

    /// The file that the message is in
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Whom it is from [default: this host and the agent that sends, or 'operator']
    #[arg(long, alias = "source", value_name = "LABEL")]
    source_label: Option<String>,

    /// What the preamble calls the agent's host [default: its short name]
    #[arg(long, value_name = "LABEL")]
    host_label: Option<String>,

    /// Without the preamble '[source -> host:agent]'
    #[arg(long)]
    no_preamble: bool,

    /// Wait so long for the agent to be ready, and again for it to accept [default: 10]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    /// Be content only when it shows as a turn: one that the agent queues is waited for
    #[arg(long)]
    verify: bool,

    /// If the agent is down, or not idle, keep it until it is; a boot does not lose it
    #[arg(long)]
    queue: bool,

    /// How long a message that is kept is good for, as 30m, 12h or 2d [default: 24h]
    #[arg(long, value_name = "TIME", requires = "queue")]
    expires: Option<HumanDuration>,

    /// Agents on another host, whose mosaic is reached by ssh
    #[arg(short = 'H', long, value_name = "[USER@]HOST")]
    host: Option<RemoteHost>,

    #[command(flatten)]
    json: JsonArg,

    /// Say nothing about it
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// The tmux socket of --tmux-target.
    #[arg(long, hide = true, requires = "tmux_target")]
    tmux_socket: Option<String>,

    /// A pane that need not be an agent's: for the tools that took a tmux target.
    #[arg(long, hide = true, conflicts_with = "queue")]
    tmux_target: Option<String>,

    /// Enter is pressed once and not again.
    #[arg(long, hide = true)]
    no_rescue: bool,
}

impl Send {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.check_text()?;
        let (to, text) = (self.to()?, self.text());
        let text = String::from_utf8(text.read()?).map_err(|error| {
            // The same words as for any other message.
            mosaic_delivery::Payload::new(error.as_bytes())
                .err()
                .map_or(CommandError::Payload(mosaic_delivery::InvalidPayload::Empty), Into::into)
        })?;
        let dispatch = Dispatch {
            to,
            text,
            source: self.source_label.clone().unwrap_or_else(|| sender(context)),
            host_label: self.host_label.clone(),
            preamble: !self.no_preamble,
            expires: self.queue.then(|| self.expires.unwrap_or_default().0.as_secs_f64()),
            wait: self.wait.map(|wait| wait.0.as_secs_f64()),
            verify: self.verify,
            rescue: !self.no_rescue,
        };
        let receipts = match &self.host {
            Some(host) => {
                let ssh = context.fleet.environment.variable("MOSAIC_SSH").unwrap_or_else(|| "ssh".into());
                send_to(host, &dispatch, &ssh.to_string_lossy())?
            }
            None => Office::new(context).carry_out(&dispatch)?,
        };
        self.tell(&receipts)?;
        Ok(receipts.exit_code())
    }

    fn to(&self) -> Result<Addressees, CommandError> {
        let named: Vec<String> = self.agents.iter().filter(|agent| *agent != "-").cloned().collect();
        let target =
            self.tmux_target.clone().map(|target| Addressees::Target { socket: self.tmux_socket.clone(), target });
        let all = [
            Some(Addressees::Agents(named)).filter(|agents| *agents != Addressees::Agents(Vec::new())),
            self.all.then_some(Addressees::All),
            self.class.clone().map(Addressees::Class),
            target,
        ];
        let mut given = all.into_iter().flatten();
        let usage = |text: &str| Err(CommandError::Usage(text.to_owned()));
        match (given.next(), given.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => {
                usage("nobody is named: give an AGENT, --class CLASS or --all; 'mosaic agent roster' lists them")
            }
            (Some(_), Some(_)) => usage("give agents by name, or --class CLASS, or --all: one of them"),
        }
    }

    /// A '-' is standard input, which it is anyway without another text.
    fn check_text(&self) -> Result<(), CommandError> {
        let standard = self.agents.iter().any(|agent| agent == "-");
        if standard && (self.message.is_some() || self.file.is_some()) {
            let text = "'-' takes the message from standard input: leave it out, or --message and --file".to_owned();
            return Err(CommandError::Usage(text));
        }
        Ok(())
    }

    fn text(&self) -> TextSource {
        match (&self.message, &self.file) {
            (Some(message), _) => TextSource::Given(message.clone()),
            (None, Some(file)) => TextSource::File(file.clone()),
            (None, None) => TextSource::Standard,
        }
    }

    fn tell(&self, receipts: &Receipts) -> Result<(), CommandError> {
        if self.json.enabled {
            return print_json(receipts);
        }
        if self.quiet { Ok(()) } else { print(&receipts.text()) }
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 accepted or queued, 1 refused, 2 unconfirmed.

Examples:
  mosaic agent send coder0 --message 'please rebase on main'
  mosaic agent send coder0 --file review.md --queue --expires 12h
  git diff | mosaic agent send reviewer0 -
  mosaic agent send --class implementer -m 'stop and report' --json
  mosaic agent send coder0 -H ops@build2 -m 'are you there?'";
