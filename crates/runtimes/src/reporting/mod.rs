//! The meaning of the events that runtimes report: for each runtime a pure function from an event, as the runtime words
//! it, to a report.
//!
//! How a runtime is made to report its events is in [`crate::Reporter`].

mod claude_events;
mod codex_events;
mod copilot_events;

use mosaic_heartbeat::Activity;
use serde_json::Value;

/// The format of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFormat {
    /// A hook of Claude Code.
    Claude,
    /// A hook of Codex.
    Codex,
    /// A hook of GitHub Copilot CLI.
    Copilot,
}

impl EventFormat {
    /// Parses an event; `None` if it says nothing about the agent's activity.
    #[must_use]
    pub fn parse(self, event: &Value) -> Option<EventReport> {
        match self {
            Self::Claude => claude_events::parse(event),
            Self::Codex => codex_events::parse(event),
            Self::Copilot => copilot_events::parse(event),
        }
    }
}

/// What an event says about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventReport {
    /// The agent's activity.
    pub activity: Activity,
    /// What the agent waits for, or what blocks it.
    pub reason: Option<String>,
    /// The model, if the event names it.
    pub model: Option<String>,
    /// The task, if the event is a prompt.
    pub task: Option<String>,
}

impl EventReport {
    /// Returns a report of an activity without details.
    #[must_use]
    pub fn new(activity: Activity) -> Self {
        Self { activity, reason: None, model: None, task: None }
    }

    fn with_reason(activity: Activity, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(activity) }
    }
}

/// The longest text in a report, in characters.
const LONGEST: usize = 120;

/// Returns the first line of a text that is not blank, shortened and without control characters.
fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= LONGEST {
        return Some(line);
    }
    Some(line.chars().take(LONGEST - 1).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::{EventReport, first_line};
    use serde_json::Value;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    /// Returns the report of each event that was recorded from the real program, as a line: `working`,
    /// `waiting permission: Bash`, or `-` if it says nothing.
    pub(super) fn recorded_reports(
        runtime: &str,
        parse: fn(&Value) -> Option<EventReport>,
    ) -> BTreeMap<String, String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reporting/events").join(runtime);
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let reports = files.map(|path| {
            let event = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let line = parse(&event).map_or_else(|| "-".to_owned(), |report| line(&report));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), line)
        });
        reports.collect()
    }

    fn line(report: &EventReport) -> String {
        let EventReport { activity, reason, model, task } = report;
        let mut words = vec![activity.to_string()];
        words.extend(reason.clone());
        words.extend(model.as_ref().map(|model| format!("model={model}")));
        words.extend(task.as_ref().map(|task| format!("task={task}")));
        words.join(" ")
    }

    #[test]
    fn a_text_is_reduced_to_its_first_line() {
        for (text, expected) in [
            ("", None),
            (" \n\t\n", None),
            ("fix it", Some("fix it")),
            ("\n  fix it\nand then", Some("fix it")),
            ("a\u{1b}[31mb", Some("a [31mb")),
        ] {
            assert_eq!(first_line(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(first_line(&"ä".repeat(120)), Some("ä".repeat(120)));
        assert_eq!(first_line(&"ä".repeat(121)), Some("ä".repeat(119) + "…"));
    }
}
