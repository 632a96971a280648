//! `mosaic fleet verify`: whether to trust the fleet.

use std::time::{Duration, Instant};

use clap::Args;
use mosaic_domain::ExitCode;
use mosaic_probe::Scope;

use super::run_directory_watch::RunDirectoryWatch;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Json, NamedAgents, Seconds};
use crate::view::{print, print_json, render, verification_page};

/// Check that the fleet is what the roster says, and say what to do where it is not
///
/// With agents named, what concerns other agents is left out. What could not be looked at is no pass.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Verify {
    #[command(flatten)]
    agents: NamedAgents,

    /// Wait until all checks pass, but no longer than this
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    /// Require also what is only advisable
    #[arg(long)]
    strict: bool,

    /// Show the checks that passed too, each with what was seen
    #[arg(long)]
    verbose: bool,

    #[command(flatten)]
    json: Json,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet verify
  mosaic fleet start && mosaic fleet verify --wait 60
  mosaic fleet verify coder0 --json | jq .passed

Exit codes:
  0   every required check passed
  1   a required check failed
  69  none failed, but not all could be made
  78  agents were named, and the roster that should know them cannot be used";

/// How long nobody looks when nothing happens in the run directory.
const SLOWEST: Duration = Duration::from_secs(1);
/// How long nobody looks even when much happens there.
const FASTEST: Duration = Duration::from_millis(100);

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        // An invalid roster is a check like the others, unless it has to know the agents named.
        let agents = match context.roster() {
            Ok(roster) => self.agents.checked(&roster)?,
            Err(error) if self.agents.is_any() => return Err(error),
            Err(_) => None,
        };
        let scope = Scope { agents, strict: self.strict };
        let deadline = self.wait.map(|wait| Instant::now() + wait.0);
        let verification = loop {
            let watch = RunDirectoryWatch::begin(context.run_directory.path());
            let looked = Instant::now();
            let verification = context.verify(&scope)?;
            let left = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()));
            if verification.passed || left.is_zero() {
                break verification;
            }
            watch.wait(left.min(SLOWEST));
            std::thread::sleep(FASTEST.saturating_sub(looked.elapsed()).min(left));
        };
        if self.json.wanted {
            print_json(&verification)?;
        } else {
            let page = verification_page(&verification, self.verbose, &context.style);
            print(&render(&page, &context.style))?;
        }
        Ok(verification.exit_code())
    }
}
