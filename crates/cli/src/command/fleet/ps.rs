//! `mosaic fleet ps`: shows every agent of this host, or of all hosts that a Prometheus knows.

use clap::{Args, ValueHint};
use mosaic_delivery::LeftText;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_probe::snapshot::SourceName;

use super::ps_watch::watch;
use crate::command::agent::message_sender;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, Seconds};
use crate::view::{Style, fleet_page, hosts_page, print, print_json, render};
use mosaic_prometheus::{Endpoint, fetch_hosts};

/// Show every agent: its condition, process, resource usage, and differences from the roster
///
/// The whole fleet is observed once, in bounded time. A source that cannot be read is named above the table,
/// and its values are unknown. The conditions are up, starting, stale (the process is alive, but its heartbeat
/// is late), dead, missing (the session does not exist), stopped (on request) and unknown.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ps {
    #[command(flatten)]
    json: JsonArg,

    /// Observe the fleet again every SECONDS, and update the table
    ///
    /// Press q or Ctrl-C to leave. If standard output is no terminal, each table is printed below the previous one.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", conflicts_with = "json")]
    watch: Option<Seconds>,

    /// Show the fleets of all hosts, from the Prometheus server at URL
    ///
    /// Any server with the Prometheus API works, such as Mimir or Thanos. Credentials are read from the variables
    /// below, because every user of this host can read a URL on a command line.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "watch")]
    #[expect(clippy::option_option, reason = "the option may be given without its value")]
    prometheus: Option<Option<String>>,

    /// Show all columns without truncation, even if the terminal is narrower
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
  MOSAIC_PROMETHEUS_URL           the default URL
  MOSAIC_PROMETHEUS_USER          the user name
  MOSAIC_PROMETHEUS_PASSWORD      the password
  MOSAIC_PROMETHEUS_BEARER_TOKEN  a token, instead of user name and password
  MOSAIC_PROMETHEUS_TENANT        the tenant (X-Scope-OrgID)

Exit codes:
  0   the fleet was observed, in any state, and even if a source failed
  64  the value of --prometheus is no URL
  69  the Prometheus server cannot be reached, or does not answer as one
  77  the Prometheus server rejects the credentials
  78  the roster is invalid; the running agents are shown nevertheless";

/// Returns a line for each composer that shows a message of the fleet which was typed and not submitted.
fn left_texts(context: &Context) -> String {
    let Ok(roster) = context.roster() else { return String::new() };
    let line = |(agent, left): (AgentName, LeftText)| {
        let LeftText { id, source, .. } = left;
        format!(
            "{agent}: the composer contains the message {id} from {source}, which was not submitted; \
             'mosaic agent outbox retry {id}' submits it, 'mosaic agent outbox cancel {id}' removes it\n"
        )
    };
    message_sender(context).left_texts(&roster).into_iter().map(line).collect()
}

impl Ps {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        if let Some(url) = &self.prometheus {
            return self.show_hosts(context, url.as_deref());
        }
        if let Some(seconds) = self.watch {
            return watch(context, seconds.0, |style| self.style(style));
        }
        let snapshot = context.snapshot()?;
        if self.json.enabled {
            print_json(&snapshot)?;
        } else {
            let style = self.style(context.style);
            print(&render(&fleet_page(&snapshot, &style), &style))?;
            print(&left_texts(context))?;
        }
        if snapshot.sources.get(&SourceName::Roster).is_some_and(|roster| roster.ok) {
            return Ok(ExitCode::Ok);
        }
        // The error has the position of the mistake in the roster.
        context.roster().map(|_| ExitCode::Ok)
    }

    fn show_hosts(&self, context: &Context, url: Option<&str>) -> Result<ExitCode, CommandError> {
        let server = Endpoint::resolve(url, |name| context.fleet.environment.variable(name))?;
        let hosts = fetch_hosts(server)?;
        if self.json.enabled {
            print_json(&hosts)?;
        } else {
            let style = self.style(context.style);
            print(&render(&hosts_page(&hosts, &style), &style))?;
        }
        Ok(ExitCode::Ok)
    }

    fn style(&self, style: Style) -> Style {
        if self.wide { Style { columns: usize::MAX, ..style } } else { style }
    }
}
