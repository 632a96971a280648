//! The end of an agent, and its record in the journal.

use std::time::Duration;

use mosaic_domain::ExitVerdict;

use super::Assignment;
use crate::journal::{self, Priority};

/// How many of the pane's last lines the record has.
pub(super) const RECORDED_LINES: usize = 50;

/// The `MESSAGE_ID` of these records, so that `journalctl MESSAGE_ID=…` finds the end of every agent.
const MESSAGE_ID: &str = "5d0e4b2e8a5f4f0c9c2f7c1f6b9d3a41";

/// How an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentEnd {
    /// Its process ended. `None` if the verdict is unknown.
    Exited(Option<ExitVerdict>),
    /// It was stopped on request.
    Stopped,
    /// Its tmux server ended, or its session was removed.
    Lost,
}

impl AgentEnd {
    /// A clause such as "exited with code 7".
    pub(super) fn clause(self) -> String {
        match self {
            Self::Exited(Some(ExitVerdict::Code(code))) => format!("exited with code {code}"),
            Self::Exited(Some(ExitVerdict::Signal(signal))) => format!("was killed by signal {signal}"),
            Self::Exited(None) => "ended, and tmux does not report how".to_owned(),
            Self::Stopped => "was stopped".to_owned(),
            Self::Lost => "was lost: its tmux server ended or its session was removed".to_owned(),
        }
    }

    /// The value of the field `EXIT`.
    fn field(self) -> String {
        match self {
            Self::Exited(Some(verdict)) => verdict.to_string(),
            Self::Exited(None) => "unknown".to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::Lost => "lost".to_owned(),
        }
    }

    fn priority(self) -> Priority {
        match self {
            Self::Exited(Some(ExitVerdict::Code(0))) | Self::Stopped => Priority::Notice,
            Self::Exited(_) | Self::Lost => Priority::Error,
        }
    }
}

/// Writes the record. The lines are part of its message, because journalctl shows only that by default.
///
/// The record names the unit itself: journald looks up the unit by the PID of the writer, and the sidecar ends right
/// after this, so that `journalctl --user --unit` would sometimes miss the record.
pub(super) fn record_end(
    assignment: &Assignment,
    unit: Option<&str>,
    runtime: &str,
    end: AgentEnd,
    lifetime: Duration,
    lines: &[String],
) {
    let mut message = format!("{} {} after {}", assignment.agent, end.clause(), duration_text(lifetime));
    if !lines.is_empty() {
        message.push_str(". The last lines of its pane:");
        for line in lines {
            message.push_str("\n  ");
            message.push_str(line);
        }
    }
    let mut fields = vec![
        ("MESSAGE_ID", MESSAGE_ID.to_owned()),
        ("EXIT", end.field()),
        ("RUNTIME", runtime.to_owned()),
        ("PANE_PID", assignment.process.pid.to_string()),
        ("DURATION_SEC", format!("{}.{:03}", lifetime.as_secs(), lifetime.subsec_millis())),
        ("GENERATION", assignment.generation.to_string()),
    ];
    fields.extend(unit.map(|unit| ("USER_UNIT", unit.to_owned())));
    journal::record(end.priority(), &assignment.agent, &message, &fields);
}

/// Formats a duration by its two largest units: `3 d 4 h`, `2 h 5 min`, `41 s`, `0.2 s`.
fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, 0..10) => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        (0, 0, 0, _) => format!("{seconds} s"),
        (0, 0, _, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration_text;
    use std::time::Duration;

    #[test]
    fn durations_have_their_two_largest_units() {
        let table =
            [(0.26, "0.2 s"), (41.0, "41 s"), (125.0, "2 min 5 s"), (7500.0, "2 h 5 min"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in table {
            assert_eq!(duration_text(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
