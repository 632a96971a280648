//! `mosaic fleet update`: programs by their own updaters, then their agents, one at a time.

use clap::Args;
use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Json, Lifetime, Seconds};
use crate::update::{self, Request, Wish};

/// Bring the agents' programs up to date, and relaunch the agents one at a time
///
/// Each program (claude, codex, pi, opencode) is updated by its own updater. Agents that run an older one are
/// then relaunched: each once it is idle, and after the one before is up. It ends at the first failure; the
/// same command goes on from there. Agents that do not run are not started.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Update {
    /// Runtimes and agents; all of the roster if none is named
    #[arg(id = "agents", value_name = "RUNTIME|AGENT")]
    words: Vec<String>,

    /// Show what would be done, and do nothing
    #[arg(long, conflicts_with_all = ["relaunch_only", "force"])]
    dry_run: bool,

    /// Run no updater: only relaunch agents that run an older program than the one that is installed
    #[arg(long)]
    relaunch_only: bool,

    /// How long to wait for an agent to be idle, such as 90s, 10m or 2h
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    drain: Lifetime,

    /// Then relaunch it all the same: what it is at is lost
    #[arg(long)]
    force: bool,

    /// How long an updater may take
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    timeout: Seconds,

    #[command(flatten)]
    json: Json,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet update --dry-run
  mosaic fleet update pi --drain 1h
  mosaic fleet update coder0 coder1
  mosaic fleet update --relaunch-only

Exit codes:
  0   the programs are up to date, and every agent that runs has the one that is installed
  1   an updater failed, an agent did not come up, or it was interrupted
  64  neither a runtime nor an agent of the roster
  69  a program is not installed
  75  an agent was at work for too long, or another update is under way: try again later";

impl Update {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let request = Request {
            words: self.words.clone(),
            wish: match (self.dry_run, self.relaunch_only) {
                (true, _) => Wish::Plan,
                (_, true) => Wish::Keep,
                _ => Wish::Update,
            },
            drain: self.drain.0,
            force: self.force,
            timeout: self.timeout.0,
            json: self.json.wanted,
        };
        update::run(context, &request)
    }
}
