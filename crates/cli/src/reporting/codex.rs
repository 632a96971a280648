//! What the hooks of codex say. Written for codex 0.171.

use mosaic_heartbeat::Activity;
use serde_json::Value;

use super::{Report, short};

/// What a hook's event says of the agent, if it says anything.
pub(crate) fn report_of(event: &Value) -> Option<Report> {
    let word = |name: &str| event.get(name).and_then(Value::as_str);
    let name = word("hook_event_name")?;
    let tool = word("tool_name").and_then(short).unwrap_or_default();
    // Its subagents work on when its own turn is over, and their end wakes nobody: what they say of themselves would
    // stand for good. What they ask, a person is asked.
    if event.get("agent_id").is_some() && name != "PermissionRequest" {
        return None;
    }
    let report = match name {
        "UserPromptSubmit" => Report { task: word("prompt").and_then(short), ..Report::of(Activity::Working) },
        "PreToolUse" if tool == "request_user_input" => {
            let question = event.pointer("/tool_input/questions/0/question").and_then(Value::as_str).and_then(short);
            Report::because(Activity::Waiting, format!("question: {}", question.unwrap_or_default()))
        }
        "PermissionRequest" => Report::because(Activity::Waiting, format!("permission: {tool}")),
        "PostToolUse" | "PreModelRequest" => Report::of(Activity::Working),
        "PostModelRequest" if word("status") == Some("failed") => failure(word("error").unwrap_or_default()),
        "Stop" | "Interrupt" => Report::of(Activity::Idle),
        _ => return None,
    };
    Some(Report { model: word("model").and_then(short), ..report })
}

/// It says what failed in prose alone. The next attempt, if there is one, says that it works again; if there is none,
/// no other event tells that the turn is over.
fn failure(error: &str) -> Report {
    let message = short(error).unwrap_or_else(|| "a request failed".to_owned());
    let has = |marks: &[&str]| marks.iter().any(|mark| error.to_ascii_lowercase().contains(mark));
    if has(&["usage limit", "quota", "429 too many requests"]) {
        return Report::because(Activity::Waiting, format!("usage limit: {message}"));
    }
    if has(&["401 unauthorized", "sign in again", "codex login"]) {
        return Report::because(Activity::Waiting, format!("login: {message}"));
    }
    Report::because(Activity::Blocked, message)
}

#[cfg(test)]
mod tests {
    use super::super::recorded::recorded;
    use super::report_of;
    use serde_json::json;

    #[test]
    fn each_recorded_event_says_what_the_program_did() {
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
        assert_eq!(recorded("codex", report_of), expected);
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        for event in [json!({}), json!("text"), json!({"hook_event_name": "FromTheFuture"})] {
            assert_eq!(report_of(&event), None, "{event}");
        }
    }
}
