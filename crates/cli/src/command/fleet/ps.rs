//! `mosaic fleet ps`: what is there, and how it differs from the roster.

use clap::Args;
use domain::ExitCode;
use probe::snapshot::SourceName;

use super::ps_watch::watch;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Json, Seconds};
use crate::view::{Style, fleet_page, print, print_json, render};

/// Show every agent: its condition, its process, what it uses, and how it differs from the roster
///
/// Everything is looked at once, in bounded time; a source that cannot be read is named above the
/// table, and what it would have told is unknown. The marks are those of the condition: up, starting,
/// stale (the process is alive, its heartbeat late), dead, missing (there is no such session), unknown.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ps {
    #[command(flatten)]
    json: Json,

    /// Look again every SECONDS, and draw the table in its place
    ///
    /// q or Ctrl-C ends it. Where standard output is no terminal, the table is printed each time.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", conflicts_with = "json")]
    watch: Option<Seconds>,

    /// Leave out no column and cut nothing, however narrow the terminal is
    #[arg(long)]
    wide: bool,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet ps
  mosaic fleet ps --watch 5
  mosaic fleet ps --json | jq '.agents[] | select(.condition != \"up\").name'

Exit codes:
  0   it could look, whatever it saw, also when a source failed
  78  the roster cannot be used; what runs is shown all the same";

impl Ps {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        if let Some(seconds) = self.watch {
            return watch(context, seconds.0, |style| self.style(style));
        }
        let snapshot = context.look()?;
        if self.json.wanted {
            print_json(&snapshot)?;
        } else {
            let style = self.style(context.style);
            print(&render(&fleet_page(&snapshot, &style), &style))?;
        }
        if snapshot.sources.get(&SourceName::Roster).is_some_and(|roster| roster.ok) {
            return Ok(ExitCode::Ok);
        }
        // What is wrong with the roster is told in whole, with the spot, by whoever ends the program.
        context.roster().map(|_| ExitCode::Ok)
    }

    fn style(&self, style: Style) -> Style {
        if self.wide { Style { columns: usize::MAX, ..style } } else { style }
    }
}
