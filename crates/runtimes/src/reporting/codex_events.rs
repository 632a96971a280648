//! The events of the hooks of codex, as of codex 0.171.

use mosaic_heartbeat::Activity;
use serde_json::Value;

use super::{EventReport, first_line};

/// Returns what an event of a hook says about the agent, if it says anything.
pub(super) fn parse(event: &Value) -> Option<EventReport> {
    let word = |name: &str| event.get(name).and_then(Value::as_str);
    let name = word("hook_event_name")?;
    let tool = word("tool_name").and_then(first_line).unwrap_or_default();
    // Subagents continue to work when the turn is over, and their end does not wake the agent, so that their reports
    // would never be superseded. Their questions are for a person, like the agent's own.
    if event.get("agent_id").is_some() && name != "PermissionRequest" {
        return None;
    }
    let report = match name {
        "UserPromptSubmit" => {
            EventReport { task: word("prompt").and_then(first_line), ..EventReport::new(Activity::Working) }
        }
        "PreToolUse" if tool == "request_user_input" => {
            let question =
                event.pointer("/tool_input/questions/0/question").and_then(Value::as_str).and_then(first_line);
            EventReport::with_reason(Activity::Waiting, format!("question: {}", question.unwrap_or_default()))
        }
        "PermissionRequest" => EventReport::with_reason(Activity::Waiting, format!("permission: {tool}")),
        "PostToolUse" | "PreModelRequest" => EventReport::new(Activity::Working),
        "PostModelRequest" if word("status") == Some("failed") => failure(word("error").unwrap_or_default()),
        "Stop" | "Interrupt" => EventReport::new(Activity::Idle),
        _ => return None,
    };
    Some(EventReport { model: word("model").and_then(first_line), ..report })
}

/// Returns the report of a failed request, which codex describes only in prose. If codex retries, the next attempt causes
/// an event of its own; if it does not, no other event says that the turn is over.
fn failure(error: &str) -> EventReport {
    let message = first_line(error).unwrap_or_else(|| "a request failed".to_owned());
    let has = |marks: &[&str]| marks.iter().any(|mark| error.to_ascii_lowercase().contains(mark));
    if has(&["usage limit", "quota", "429 too many requests"]) {
        return EventReport::with_reason(Activity::Waiting, format!("usage limit: {message}"));
    }
    if has(&["401 unauthorized", "sign in again", "codex login"]) {
        return EventReport::with_reason(Activity::Waiting, format!("login: {message}"));
    }
    EventReport::with_reason(Activity::Blocked, message)
}

#[cfg(test)]
mod tests {
    use super::super::tests::recorded_reports;
    use super::parse;
    use serde_json::json;

    #[test]
    fn each_recorded_event_gives_its_report() {
        let expected = [
            ("interrupt", "idle model=stub-1"),
            ("notify", "-"),
            ("permission-request", "waiting permission: Bash model=stub-1"),
            ("post-model-request", "-"),
            ("post-model-request-cancelled", "-"),
            (
                "post-model-request-demand",
                "blocked We’re currently experiencing high demand, which may cause temporary errors. model=stub-1",
            ),
            (
                "post-model-request-limit",
                "waiting usage limit: You’ve hit your usage limit. Upgrade to Pro \
                 (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage… model=stub-1",
            ),
            (
                "post-model-request-login",
                "waiting login: unexpected status 401 Unauthorized: Incorrect API key, url: \
                 http://127.0.0.1:8080/v1/responses model=stub-1",
            ),
            (
                "post-model-request-quota",
                "waiting usage limit: Quota exceeded. Check your plan and billing details. model=stub-1",
            ),
            (
                "post-model-request-rate",
                "waiting usage limit: exceeded retry limit, last status: 429 Too Many Requests model=stub-1",
            ),
            ("post-tool-use", "working model=stub-1"),
            ("pre-model-request", "working model=stub-1"),
            ("pre-model-request-subagent", "-"),
            ("pre-tool-use", "-"),
            ("pre-tool-use-question", "waiting question: Which colour? model=stub-1"),
            ("session-end", "-"),
            ("session-start", "-"),
            ("stop", "idle model=stub-1"),
            ("subagent-stop", "-"),
            ("user-prompt", "working model=stub-1 task=please note this"),
            ("user-prompt-subagent", "-"),
        ];
        let expected = expected.map(|(name, line)| (name.to_owned(), line.to_owned())).into();
        assert_eq!(recorded_reports("codex", parse), expected);
    }

    #[test]
    fn an_unknown_event_gives_no_report() {
        for event in [json!({}), json!("text"), json!({"hook_event_name": "FromTheFuture"})] {
            assert_eq!(parse(&event), None, "{event}");
        }
    }
}
