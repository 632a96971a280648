//! The record of an agent's end: what it says, and its text form, one line of JSON.
//!
//! The lines are written and their beginnings are parsed by hand, because the launcher and the sidecar link no JSON
//! library. Readers that want the whole record parse the line as JSON.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, InvalidExitVerdict};

/// How an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndVerdict {
    /// Its process exited, or a signal killed it.
    Exited(ExitVerdict),
    /// Its process ended, and neither the kernel nor tmux tells how.
    Unknown,
    /// Its tmux server ended, or its session was removed.
    Lost,
    /// It was stopped on request.
    Stopped,
    /// Its start failed, so that its command never ran.
    NotStarted,
}

impl EndVerdict {
    /// A clause that continues the agent's name, such as "exited with code 7".
    #[must_use]
    pub fn clause(self) -> String {
        match self {
            Self::Exited(ExitVerdict::Code(code)) => format!("exited with code {code}"),
            Self::Exited(ExitVerdict::Signal(signal)) => format!("was killed by signal {signal}"),
            Self::Unknown => "ended, and tmux does not report how".to_owned(),
            Self::Lost => "was lost: its tmux server ended or its session was removed".to_owned(),
            Self::Stopped => "was stopped".to_owned(),
            Self::NotStarted => "could not be started".to_owned(),
        }
    }
}

/// The word in the record: `code:7`, `signal:9`, `unknown`, `lost`, `stopped` or `not-started`.
impl fmt::Display for EndVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(verdict) => verdict.fmt(f),
            Self::Unknown => f.write_str("unknown"),
            Self::Lost => f.write_str("lost"),
            Self::Stopped => f.write_str("stopped"),
            Self::NotStarted => f.write_str("not-started"),
        }
    }
}

impl FromStr for EndVerdict {
    type Err = InvalidExitVerdict;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "unknown" => Ok(Self::Unknown),
            "lost" => Ok(Self::Lost),
            "stopped" => Ok(Self::Stopped),
            "not-started" => Ok(Self::NotStarted),
            exit => exit.parse().map(Self::Exited),
        }
    }
}

/// The end of an agent's process, or of an attempt to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndRecord {
    /// When it ended, by the wall clock.
    pub at: Timestamp,
    /// How it ended.
    pub verdict: EndVerdict,
    /// How long it ran.
    pub lifetime: Duration,
    /// How often the agent had been started since the run directory was made; 0 if that is unknown.
    pub generation: u64,
    /// What asked for the end, if the agent was stopped and that is known: the name of a program.
    pub requested_by: Option<String>,
    /// The last lines of its pane; for a failed start, the error.
    pub lines: Vec<String>,
}

/// A line of the log, as far as the launcher needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// The agent ended.
    Ended {
        /// When it ended.
        at: Timestamp,
        /// How it ended.
        verdict: EndVerdict,
        /// How long it ran.
        lifetime: Duration,
    },
    /// A person, or a program on a person's behalf, asked for a start. The ends before it no longer delay one.
    StartRequested {
        /// When the start was requested.
        at: Timestamp,
    },
}

/// How many of the pane's last lines a record has at most.
pub const MAX_LINES: usize = 50;
/// How long a line of a record is at most, in characters.
const MAX_LINE_LENGTH: usize = 500;
/// How long the lines of a record are at most, in encoded bytes. The last lines are kept.
const MAX_LINES_BYTES: usize = 12 * 1024;

/// What separates the lines from the fields before them. Within a string its quotation marks would be escaped.
const LINES_FIELD: &str = ",\"lines\":[";

impl EndRecord {
    /// The record as one line of JSON, without a line feed. Its lines are bounded in number and length.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = format!(
            "{{\"v\":1,\"ts\":\"{:.3}\",\"verdict\":\"{}\",\"seconds\":{}.{:03},\"gen\":{}",
            self.at,
            self.verdict,
            self.lifetime.as_secs(),
            self.lifetime.subsec_millis(),
            self.generation
        );
        if let Some(by) = &self.requested_by {
            let _ = write!(json, ",\"by\":{}", json_string(by, MAX_LINE_LENGTH));
        }
        let mut lines: Vec<String> = Vec::new();
        let mut bytes = 0;
        for line in self.lines.iter().rev().take(MAX_LINES) {
            let line = json_string(line, MAX_LINE_LENGTH);
            bytes += line.len() + 1;
            if bytes > MAX_LINES_BYTES {
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        if !lines.is_empty() {
            let _ = write!(json, "{LINES_FIELD}{}]", lines.join(","));
        }
        json.push('}');
        json
    }
}

impl LogEntry {
    /// The line of a requested start, without a line feed.
    #[must_use]
    pub fn start_requested(at: Timestamp) -> String {
        format!("{{\"v\":1,\"ts\":\"{at:.3}\",\"event\":\"start-requested\"}}")
    }

    /// Parses the beginning of a line, in the form in which this crate writes it. `None` for any other line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        // A line that was cut short may lack what follows.
        let line = line.strip_suffix('}')?;
        let (at, rest) = line.strip_prefix("{\"v\":1,\"ts\":\"")?.split_once("\",")?;
        let at = at.parse().ok()?;
        if rest == "\"event\":\"start-requested\"" {
            return Some(Self::StartRequested { at });
        }
        let (verdict, rest) = rest.strip_prefix("\"verdict\":\"")?.split_once("\",")?;
        let seconds = rest.strip_prefix("\"seconds\":")?.split([',', '}']).next()?;
        let lifetime = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
        Some(Self::Ended { at, verdict: verdict.parse().ok()?, lifetime })
    }
}

/// The same line without the lines of the pane.
pub(crate) fn without_lines(line: &str) -> String {
    line.split_once(LINES_FIELD).map_or_else(|| line.to_owned(), |(before, _)| format!("{before}}}"))
}

/// A JSON string of at most `limit` characters of `text`. Control characters other than those that JSON requires are
/// escaped too, so that a terminal that shows the file does not execute them.
fn json_string(text: &str, limit: usize) -> String {
    let mut encoded = String::with_capacity(text.len() + 2);
    encoded.push('"');
    for character in text.chars().take(limit) {
        match character {
            '"' | '\\' => encoded.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(encoded, "\\u{:04x}", u32::from(control));
            }
            other => encoded.push(other),
        }
    }
    encoded.push('"');
    encoded
}

#[cfg(test)]
mod tests {
    use super::{EndRecord, EndVerdict, LogEntry, MAX_LINE_LENGTH, MAX_LINES, MAX_LINES_BYTES, without_lines};
    use jiff::Timestamp;
    use mosaic_domain::ExitVerdict::{Code, Signal};
    use std::time::Duration;

    fn record(lines: &[&str]) -> EndRecord {
        EndRecord {
            at: "2026-11-20T14:58:08.5Z".parse().unwrap(),
            verdict: EndVerdict::Exited(Code(7)),
            lifetime: Duration::from_millis(13_040),
            generation: 3,
            requested_by: None,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn a_record_is_one_line_of_json() {
        let start = r#"{"v":1,"ts":"2026-11-20T14:58:08.500Z","verdict":"code:7","seconds":13.040,"gen":3"#;
        assert_eq!(record(&[]).to_json(), format!("{start}}}"));
        let json = record(&["a \"quoted\" \\ é\ttab", "\u{1b}[31m\u{9b}\n"]).to_json();
        let lines = r#","lines":["a \"quoted\" \\ é\u0009tab","\u001b[31m\u009b\u000a"]}"#;
        assert_eq!(json, format!("{start}{lines}"));
        assert_eq!(without_lines(&json), format!("{start}}}"));
        let by = EndRecord { requested_by: Some("a \",\"lines\":[".to_owned()), ..record(&["x"]) }.to_json();
        assert!(by.starts_with(&format!(r#"{start},"by":"a \",\"lines\":[","lines":["x"]"#)), "{by}");
    }

    #[test]
    fn the_last_lines_are_kept_within_bounds() {
        let many: Vec<String> = (0..2 * MAX_LINES).map(|nth| format!("line {nth}")).collect();
        let json = EndRecord { lines: many, ..record(&[]) }.to_json();
        assert!(json.contains("\"line 99\"]") && json.contains("[\"line 50\""), "{json}");
        let long = EndRecord { lines: vec!["\u{7}".repeat(10_000); MAX_LINES], ..record(&[]) }.to_json();
        assert!(long.len() < MAX_LINES_BYTES + 200, "{}", long.len());
        assert!(long.contains(&"\\u0007".repeat(MAX_LINE_LENGTH)), "at least one line");
    }

    #[test]
    fn the_beginning_of_a_line_is_parsed_back() {
        let table = [
            EndVerdict::Exited(Code(0)),
            EndVerdict::Exited(Signal(9)),
            EndVerdict::Unknown,
            EndVerdict::Lost,
            EndVerdict::Stopped,
            EndVerdict::NotStarted,
        ];
        for verdict in table {
            let record = EndRecord { verdict, requested_by: Some("systemd".to_owned()), ..record(&["x"]) };
            let expected = LogEntry::Ended { at: record.at, verdict, lifetime: record.lifetime };
            assert_eq!(LogEntry::parse(&record.to_json()), Some(expected));
            assert_eq!(LogEntry::parse(&without_lines(&record.to_json())), Some(expected));
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        let at: Timestamp = "2026-11-20T14:58:08.5Z".parse().unwrap();
        assert_eq!(LogEntry::parse(&LogEntry::start_requested(at)), Some(LogEntry::StartRequested { at }));
        let whole = record(&[]).to_json();
        for end in 0..whole.len() {
            assert_eq!(LogEntry::parse(&whole[..end]), None, "{end}");
        }
        for other in ["{}", "null", r#"{"v":2}"#, r#"{"v":1,"ts":"x","verdict":"code:7","seconds":1,"gen":1}"#] {
            assert_eq!(LogEntry::parse(other), None, "{other}");
        }
    }
}
