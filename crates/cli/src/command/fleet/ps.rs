//! `mosaic fleet ps`: what is there, and how it differs from the roster.

use clap::{Args, ValueHint};
use mosaic_domain::ExitCode;
use mosaic_probe::snapshot::SourceName;

use super::ps_prometheus;
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

    /// Show the fleets of all hosts, as the Prometheus at URL has them
    ///
    /// Any server with that API will do, Mimir and Thanos among them. What it has to know of whoever asks is in the
    /// variables below: a password in a URL could be read by everybody on this host.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "watch")]
    #[expect(clippy::option_option, reason = "the option, and its value, that it may be without")]
    prometheus: Option<Option<String>>,

    /// Leave out no column and cut nothing, however narrow the terminal is
    #[arg(long)]
    wide: bool,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet ps
  mosaic fleet ps --watch 5
  mosaic fleet ps --prometheus http://prometheus.example:9090
  mosaic fleet ps --json | jq '.agents[] | select(.condition != \"up\").name'

Variables that --prometheus reads:
  MOSAIC_PROMETHEUS_URL           the URL, where none is given
  MOSAIC_PROMETHEUS_USER          who asks, with
  MOSAIC_PROMETHEUS_PASSWORD      the password,
  MOSAIC_PROMETHEUS_BEARER_TOKEN  or else by a token
  MOSAIC_PROMETHEUS_TENANT        the tenant (X-Scope-OrgID)

Exit codes:
  0   it could look, whatever it saw, also when a source failed
  64  what was given to --prometheus is no URL
  69  the Prometheus cannot be reached, or does not answer as one
  77  the Prometheus wants other credentials
  78  the roster cannot be used; what runs is shown all the same";

impl Ps {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        if let Some(url) = &self.prometheus {
            return ps_prometheus::show(context, url.as_deref(), self.json.wanted, &self.style(context.style));
        }
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
