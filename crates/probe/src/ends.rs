//! The ends of an agent, as its sidecars recorded them, and the state of its restarts.

use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{AgentName, FleetPaths};
use mosaic_heartbeat::{EndLog, EndRecord, LONG_RUN, RestartHistory};
use mosaic_systemd::ActiveState;
use serde::Deserialize;

use crate::snapshot::{EndSnapshot, RestartState, RestartsSnapshot};

/// A line of the log. Fields that a later version adds are ignored.
#[derive(Deserialize)]
struct Line {
    ts: String,
    verdict: String,
    seconds: f64,
    #[serde(default, rename = "gen")]
    generation: u64,
    by: Option<String>,
    #[serde(default)]
    lines: Vec<String>,
}

/// Reads the ends of an agent that are known, the oldest first.
///
/// # Errors
/// The log exists and cannot be read.
pub fn read_ends(paths: &FleetPaths, agent: &AgentName) -> io::Result<Vec<EndRecord>> {
    Ok(parse_records(&EndLog::new(paths, agent).read_text()?))
}

/// Parses the lines that record an end; others are left out.
pub(crate) fn parse_records(text: &str) -> Vec<EndRecord> {
    let parse = |line| {
        let line: Line = serde_json::from_str(line).ok()?;
        Some(EndRecord {
            at: line.ts.parse().ok()?,
            verdict: line.verdict.parse().ok()?,
            lifetime: Duration::try_from_secs_f64(line.seconds).ok()?,
            generation: line.generation,
            requested_by: line.by.map(|by| printable(&by)),
            lines: line.lines.iter().map(|line| printable(line)).collect(),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// The text without control characters, which a terminal would execute.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// How many of the last lines a snapshot has. The log has more.
pub(crate) const SNAPSHOT_LINES: usize = 5;

/// The record in the form of JSON, with at most so many of its last lines.
#[must_use]
pub fn end_snapshot(record: &EndRecord, lines: usize) -> EndSnapshot {
    EndSnapshot {
        at: record.at,
        verdict: record.verdict,
        seconds: record.lifetime.as_secs_f64(),
        generation: record.generation,
        requested_by: record.requested_by.clone(),
        lines: record.lines[record.lines.len().saturating_sub(lines)..].to_vec(),
    }
}

/// What decides the state of an agent's restarts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RestartEvidence<'a> {
    pub(crate) history: Option<&'a RestartHistory>,
    /// How long the agent's process has run; `None` if it does not run.
    pub(crate) uptime: Option<Duration>,
    /// The state of its unit, and since when.
    pub(crate) unit: Option<(ActiveState, Option<Timestamp>)>,
    pub(crate) now: Timestamp,
}

/// Judges whether an agent is in a restart loop. `None` if it is not.
pub(crate) fn judge_restarts(evidence: RestartEvidence<'_>) -> Option<RestartsSnapshot> {
    let history = evidence.history.filter(|history| history.is_loop())?;
    if evidence.uptime.is_some_and(|uptime| uptime >= LONG_RUN) {
        return None;
    }
    let (state, next_at) = match (evidence.uptime, evidence.unit) {
        (Some(_), _) => (RestartState::Running, None),
        (None, Some((ActiveState::Activating, since))) => {
            let delay = SignedDuration::try_from(history.delay()).unwrap_or_default();
            let next = since.and_then(|since| since.checked_add(delay).ok());
            (RestartState::Waiting, next.filter(|next| *next > evidence.now))
        }
        (None, Some((ActiveState::Failed, _))) => (RestartState::GivenUp, None),
        (None, _) => (RestartState::Down, None),
    };
    let started_again = u32::from(state == RestartState::Running);
    Some(RestartsSnapshot {
        state,
        starts: history.ends.saturating_add(started_again),
        since: history.since,
        next_at,
        summary: history.starts_clause(started_again),
    })
}

/// The cause of the last end in words, such as "it exited with code 1: no such account".
pub(crate) fn end_cause(record: &EndRecord) -> String {
    const LONGEST: usize = 120;
    let clause = format!("it {}", record.verdict.clause());
    match record.lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty()) {
        Some(line) if line.chars().count() > LONGEST => {
            format!("{clause}: {}…", line.chars().take(LONGEST).collect::<String>())
        }
        Some(line) => format!("{clause}: {line}"),
        None => clause,
    }
}

#[cfg(test)]
mod tests {
    use super::{RestartEvidence, end_cause, judge_restarts, parse_records};
    use crate::snapshot::RestartState::{Down, GivenUp, Running, Waiting};
    use mosaic_domain::ExitVerdict;
    use mosaic_heartbeat::{EndRecord, EndVerdict, RestartHistory};
    use mosaic_systemd::ActiveState::{Activating, Active, Failed, Inactive};
    use std::time::Duration;

    fn record() -> EndRecord {
        EndRecord {
            at: "2026-11-20T12:00:00.5Z".parse().unwrap(),
            verdict: EndVerdict::Exited(ExitVerdict::Code(1)),
            lifetime: Duration::from_millis(13_250),
            generation: 11,
            requested_by: Some("systemd".to_owned()),
            lines: vec!["a \"b\" \\".to_owned(), "no such account".to_owned(), "  ".to_owned()],
        }
    }

    #[test]
    fn the_lines_that_the_sidecar_writes_are_read_back() {
        let later = r#"{"v":9,"ts":"2026-11-20T12:00:00Z","verdict":"lost","seconds":1,"new":{"a":[1]}}"#;
        let text = format!("garbage\n{}\n{{\"v\":1,\"ts\":\"x\"}}\n{later}\n", record().to_json());
        let read = parse_records(&text);
        assert_eq!(read[0], record());
        assert_eq!((read.len(), read[1].verdict, read[1].generation), (2, EndVerdict::Lost, 0));
        let hostile = EndRecord { lines: vec!["\u{1b}]0;x\u{7}".to_owned()], ..record() };
        assert_eq!(parse_records(&hostile.to_json())[0].lines, [" ]0;x "]);
    }

    #[test]
    fn the_cause_has_the_last_line_with_text() {
        assert_eq!(end_cause(&record()), "it exited with code 1: no such account");
        assert_eq!(end_cause(&EndRecord { lines: Vec::new(), ..record() }), "it exited with code 1");
        assert!(end_cause(&EndRecord { lines: vec!["x".repeat(999)], ..record() }).ends_with("xx…"));
    }

    #[test]
    fn the_state_of_restarts_follows_from_history_and_unit() {
        let time = |text: &str| format!("2026-11-20T{text}Z").parse().unwrap();
        let since = Some(time("12:00:00"));
        let table = [
            (2, Some(1), Some((Active, since)), None),
            (10, Some(1), Some((Active, since)), Some((Running, 11, None))),
            (10, Some(600), Some((Active, since)), None),
            (10, Some(1), None, Some((Running, 11, None))),
            (10, None, Some((Activating, since)), Some((Waiting, 10, Some(time("12:02:08"))))),
            // The delay is over, and the agent is being started.
            (4, None, Some((Activating, since)), Some((Waiting, 4, None))),
            (10, None, Some((Failed, since)), Some((GivenUp, 10, None))),
            (10, None, Some((Inactive, since)), Some((Down, 10, None))),
            (10, None, None, Some((Down, 10, None))),
        ];
        for (ends, uptime, unit, expected) in table {
            let history = RestartHistory { ends, since: time("11:57:00"), until: time("11:59:59") };
            let uptime = uptime.map(Duration::from_secs);
            let evidence = RestartEvidence { history: Some(&history), uptime, unit, now: time("12:00:20") };
            let judged = judge_restarts(evidence);
            let read = judged.map(|restarts| (restarts.state, restarts.starts, restarts.next_at));
            assert_eq!(read, expected, "{ends} {uptime:?} {unit:?}");
        }
        assert_eq!(
            judge_restarts(RestartEvidence { history: None, uptime: None, unit: None, now: time("12:00:20") }),
            None
        );
    }
}
