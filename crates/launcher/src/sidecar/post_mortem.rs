//! The journal record of an agent's end: why did it die?

use std::time::Duration;

use mosaic_domain::ExitVerdict;

use super::Assignment;
use super::duration_text::duration_text;
use super::journal::{self, Priority};

/// How many of the pane's last lines the record has.
pub(super) const LINES: usize = 50;

/// One kind of record, so that `journalctl MESSAGE_ID=…` finds every agent's end.
const MESSAGE_ID: &str = "5d0e4b2e8a5f4f0c9c2f7c1f6b9d3a41";

/// How an agent's life under one sidecar ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its process ended; nobody may know how.
    Exited(Option<ExitVerdict>),
    /// It was stopped on request.
    Stopped,
    /// Its server or session went away.
    Lost,
}

impl Ending {
    /// As a clause: "exited with code 7".
    pub(super) fn headline(self) -> String {
        match self {
            Self::Exited(Some(ExitVerdict::Code(code))) => format!("exited with code {code}"),
            Self::Exited(Some(ExitVerdict::Signal(signal))) => format!("was killed by signal {signal}"),
            Self::Exited(None) => "ended, and tmux does not tell how".to_owned(),
            Self::Stopped => "was stopped".to_owned(),
            Self::Lost => "was lost: its tmux server or session went away".to_owned(),
        }
    }

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

/// Writes the record. The lines are part of its message, because that is what journalctl shows.
///
/// It names the unit itself, or `journalctl --user --unit` would now and then not have it: journald
/// looks up the unit of whoever writes, and this is the last that the sidecar does.
pub(super) fn write(
    assignment: &Assignment,
    unit: Option<&str>,
    runtime: &str,
    ending: Ending,
    lived: Duration,
    lines: &[String],
) {
    let mut message = format!("{} {} after {}", assignment.agent, ending.headline(), duration_text(lived));
    if !lines.is_empty() {
        message.push_str(". The last lines of its pane:");
        for line in lines {
            message.push_str("\n  ");
            message.push_str(line);
        }
    }
    let mut fields = vec![
        ("MESSAGE_ID", MESSAGE_ID.to_owned()),
        ("EXIT", ending.field()),
        ("RUNTIME", runtime.to_owned()),
        ("PANE_PID", assignment.process.pid.to_string()),
        ("DURATION_SEC", format!("{}.{:03}", lived.as_secs(), lived.subsec_millis())),
        ("GENERATION", assignment.generation.to_string()),
    ];
    fields.extend(unit.map(|unit| ("USER_UNIT", unit.to_owned())));
    journal::record(ending.priority(), &assignment.agent, &message, &fields);
}
