//! `mosaic agent logs`: prints what an agent printed last, and how it ended.

use std::fs;
use std::thread;
use std::time::Duration;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_heartbeat::EndRecord;
use mosaic_probe::ends::{end_snapshot, read_ends};
use mosaic_probe::snapshot::EndSnapshot;
use mosaic_roster::Roster;
use mosaic_terminal::format_duration;
use mosaic_tmux::{PaneId, Server};
use schemars::JsonSchema;
use serde::Serialize;

use super::agent_pane::find_pane;
use super::tail::{FollowEnd, follow};
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
///
/// With --follow, the output is printed while it arrives, until Ctrl-C. When the agent ends, a message says how; when it
/// is started again, its output follows.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic agent logs coder0\n  mosaic agent logs coder0 -f\n  \
                        mosaic agent logs coder0 --previous -n 20\n  \
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

    /// Follow the output until Ctrl-C, across restarts of the agent
    #[arg(short, long, conflicts_with_all = ["previous", "json"])]
    follow: bool,

    #[command(flatten)]
    json: JsonArg,
}

/// The recorded ends of an agent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mosaic agent logs --json")]
pub(crate) struct EndsReport {
    /// The version of this format: 1. Fields are only ever added to it.
    schema: u32,
    /// The agent.
    agent: String,
    /// The ends that are recorded, the oldest first.
    ends: Vec<EndSnapshot>,
}

impl Logs {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let log = AgentLog { context, roster: &roster, agent: self.agent.checked(&roster)? };
        let lines = self.lines as usize;
        if self.json.enabled {
            let ends = log.ends()?.iter().map(|end| end_snapshot(end, lines)).collect();
            print_json(&EndsReport { schema: 1, agent: log.agent.to_string(), ends })?;
        } else if self.follow {
            log.follow(lines)?;
        } else {
            log.print(lines, self.previous)?;
        }
        Ok(ExitCode::Ok)
    }
}

/// How often a follower looks whether the agent was started again. Only files are read.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How many lines of a new session a follower prints at most: what it printed before the follower noticed it.
const LINES_OF_NEW_SESSION: usize = 1000;

/// What is known of an agent's output.
struct AgentLog<'a> {
    context: &'a Context,
    roster: &'a Roster,
    agent: &'a AgentName,
}

impl AgentLog<'_> {
    fn ends(&self) -> Result<Vec<EndRecord>, CommandError> {
        let paths = self.context.fleet.location.home.paths();
        read_ends(&paths, self.agent).map_err(|source| CommandError::io("read", paths.agent_ends(self.agent), source))
    }

    fn print(&self, lines: usize, previous: bool) -> Result<(), CommandError> {
        let pane = if previous { None } else { Some(self.pane_lines(lines)) };
        if let Some(Ok(shown)) = pane {
            return print(&text(&shown));
        }
        match (self.ends()?.pop(), pane) {
            (Some(end), _) => self.print_end(&end, lines),
            (None, Some(Err(error))) => Err(error),
            (None, _) => {
                let agent = self.agent;
                Err(CommandError::Refused(format!("no end of {agent} is recorded: it has not ended yet")))
            }
        }
    }

    /// Prints the last lines of a run that has ended, and how it ended.
    fn print_end(&self, end: &EndRecord, lines: usize) -> Result<(), CommandError> {
        print(&text(&end.lines[end.lines.len().saturating_sub(lines)..]))?;
        print_notice(&summary(self.agent, end));
        Ok(())
    }

    /// The last lines of the agent's pane.
    fn pane_lines(&self, lines: usize) -> Result<Vec<String>, CommandError> {
        let (server, pane) = find_pane(self.context, self.roster, self.agent)?;
        Ok(server.last_lines(pane, lines)?)
    }

    /// Follows one session after the other. Returns when the reader has closed standard output.
    fn follow(&self, lines: usize) -> Result<(), CommandError> {
        let mut reported = self.ends()?.pop();
        let mut shown = lines;
        match find_pane(self.context, self.roster, self.agent) {
            Ok(_) => {}
            Err(CommandError::NoSession { .. }) => {
                if let Some(end) = &reported {
                    self.print_end(end, lines)?;
                }
            }
            Err(CommandError::Tmux(error)) if error.is_unavailable() => {}
            Err(error) => return Err(error),
        }
        loop {
            let (server, pane) = self.wait_for_session(&mut reported)?;
            match follow(&server, self.agent, pane, shown) {
                Ok(FollowEnd::ReaderClosed) => return Ok(()),
                // A session that ended before it could be followed is reported by its record.
                Ok(FollowEnd::SessionEnded(_)) | Err(CommandError::Tmux(_)) => {}
                Err(error) => return Err(error),
            }
            shown = LINES_OF_NEW_SESSION;
            // tmux may close a follower although the session goes on.
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Waits until the agent has a session, and tells each end that is recorded meanwhile.
    fn wait_for_session(&self, reported: &mut Option<EndRecord>) -> Result<(Server, PaneId), CommandError> {
        let heartbeat = self.context.fleet.location.run_directory.heartbeat(self.agent);
        let mut seen = None;
        loop {
            let newest = self.ends()?.pop();
            if newest != *reported {
                if let Some(end) = &newest {
                    print_notice(&summary(self.agent, end));
                }
                *reported = newest;
            }
            // tmux is asked only after the heartbeat has changed, which a start does before anything is printed.
            let written = fs::metadata(&heartbeat).and_then(|found| found.modified()).ok();
            if seen != Some(written) {
                seen = Some(written);
                match find_pane(self.context, self.roster, self.agent) {
                    Ok(found) => return Ok(found),
                    Err(CommandError::NoSession { .. } | CommandError::Tmux(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
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
