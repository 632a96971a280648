//! The events of the hooks of copilot, as of copilot 1.0.102. Its notifications are its own; all others have claude's form.

use mosaic_heartbeat::Activity;
use serde_json::Value;

use super::{EventReport, claude_events, first_line};

/// Returns what an event of a hook says about the agent, if it says anything.
pub(super) fn parse(event: &Value) -> Option<EventReport> {
    let word = |name: &str| event.get(name).and_then(Value::as_str);
    if word("hook_event_name") != Some("Notification") {
        return claude_events::parse(event);
    }
    let asked = match word("notification_type")? {
        "permission_prompt" => "permission",
        "elicitation_dialog" => "question",
        _ => return None,
    };
    let message = word("message").and_then(first_line).unwrap_or_default();
    Some(EventReport::with_reason(Activity::Waiting, format!("{asked}: {message}")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::recorded_reports;
    use super::parse;

    #[test]
    fn each_recorded_event_gives_its_report() {
        let expected = [
            ("notification-permission", "waiting permission: Run command: touch made"),
            ("notification-question", "waiting question: Information requested"),
            ("post-tool-use", "working"),
            ("post-tool-use-failure", "working"),
            ("stop", "idle"),
            ("user-prompt", "working task=make a file"),
        ];
        let expected = expected.map(|(name, line)| (name.to_owned(), line.to_owned())).into();
        assert_eq!(recorded_reports("copilot", parse), expected);
    }
}
