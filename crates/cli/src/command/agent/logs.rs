//! `mosaic agent logs`: prints what an agent printed last, and how it ended.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_heartbeat::EndRecord;
use mosaic_probe::ends::{end_snapshot, read_ends};
use mosaic_probe::snapshot::EndSnapshot;
use mosaic_roster::Roster;
use mosaic_terminal::format_duration;
use serde::Serialize;

use super::agent_pane::find_pane;
use super::whole_number;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgent};
use crate::view::{print, print_json, print_notice};

/// Print what an agent printed last, and how it ended
///
/// For an agent that runs, the lines are those of its pane, as with 'mosaic agent tail'. For one that does not run, and
/// with --previous, they are the last lines of its previous run, and a message on standard error says how that run
/// ended. No journal is needed: the sidecar keeps the last ends of every agent in fleet/ends.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic agent logs coder0\n  mosaic agent logs coder0 --previous -n 20\n  \
                        mosaic agent logs coder0 --json | jq '.ends[].verdict'")]
pub(crate) struct Logs {
    #[command(flatten)]
    agent: NamedAgent,

    /// The number of lines; of a run that has ended, at most 50 are kept
    #[arg(short = 'n', long, value_name = "LINES", default_value = "50", value_parser = whole_number)]
    lines: u32,

    /// Print the lines of the run that ended last, even if the agent runs again
    #[arg(short, long)]
    previous: bool,

    #[command(flatten)]
    json: JsonArg,
}

/// The recorded ends of an agent, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndsReport {
    schema: u32,
    agent: String,
    /// The ends, the oldest first.
    ends: Vec<EndSnapshot>,
}

impl Logs {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let paths = context.fleet.location.home.paths();
        let read =
            || read_ends(&paths, agent).map_err(|source| CommandError::io("read", paths.agent_ends(agent), source));
        let lines = self.lines as usize;
        if self.json.enabled {
            let ends = read()?.iter().map(|end| end_snapshot(end, lines)).collect();
            print_json(&EndsReport { schema: 1, agent: agent.to_string(), ends })?;
            return Ok(ExitCode::Ok);
        }
        let pane = if self.previous { None } else { Some(pane_lines(context, &roster, agent, lines)) };
        if let Some(Ok(shown)) = pane {
            print(&text(&shown))?;
            return Ok(ExitCode::Ok);
        }
        match (read()?.pop(), pane) {
            (Some(end), _) => {
                print(&text(&end.lines[end.lines.len().saturating_sub(lines)..]))?;
                print_notice(&summary(agent, &end));
                Ok(ExitCode::Ok)
            }
            (None, Some(Err(error))) => Err(error),
            (None, _) => Err(CommandError::Refused(format!("no end of {agent} is recorded: it has not ended yet"))),
        }
    }
}

/// The last lines of the agent's pane.
fn pane_lines(
    context: &Context,
    roster: &Roster,
    agent: &AgentName,
    lines: usize,
) -> Result<Vec<String>, CommandError> {
    let (server, pane) = find_pane(context, roster, agent)?;
    Ok(server.last_lines(pane, lines)?)
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| line.clone() + "\n").collect()
}

/// How the agent ended, in one line.
fn summary(agent: &AgentName, end: &EndRecord) -> String {
    let clause = end.verdict.clause();
    let by = end.requested_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let start = if end.generation == 0 { String::new() } else { format!(", start {}", end.generation) };
    format!("{agent} {clause}{by} at {:.0}, after {}{start}", end.at, format_duration(end.lifetime))
}

#[cfg(test)]
mod tests {
    use super::summary;
    use mosaic_domain::ExitVerdict;
    use mosaic_heartbeat::{EndRecord, EndVerdict};
    use std::time::Duration;

    #[test]
    fn an_end_is_summarized_in_one_line() {
        let end = EndRecord {
            at: "2026-11-20T12:00:00.5Z".parse().unwrap(),
            verdict: EndVerdict::Exited(ExitVerdict::Code(7)),
            lifetime: Duration::from_secs(13),
            generation: 3,
            requested_by: None,
            lines: Vec::new(),
        };
        let agent = "coder0".parse().unwrap();
        assert_eq!(summary(&agent, &end), "coder0 exited with code 7 at 2026-11-20T12:00:00Z, after 13s, start 3");
        let stopped =
            EndRecord { verdict: EndVerdict::Stopped, requested_by: Some("systemd".to_owned()), generation: 0, ..end };
        assert_eq!(summary(&agent, &stopped), "coder0 was stopped by systemd at 2026-11-20T12:00:00Z, after 13s");
    }
}
