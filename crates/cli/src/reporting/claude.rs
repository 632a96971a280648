//! What the hooks of claude say. Written for Claude Code 2.1.197.

use mosaic_heartbeat::Activity;
use serde_json::Value;

use super::{Report, short};

/// What a hook's event says of the agent, if it says anything.
pub(crate) fn report_of(event: &Value) -> Option<Report> {
    let word = |name: &str| event.get(name).and_then(Value::as_str);
    // A subagent tells the same events as the agent. Its end is not the agent's, its questions are.
    let is_subagent = event.get("agent_id").is_some();
    match word("hook_event_name")? {
        // A session that is compacted goes on in the middle of its turn.
        "SessionStart" if word("source") == Some("compact") => None,
        "SessionStart" => Some(Report { model: word("model").and_then(short), ..Report::of(Activity::Idle) }),
        "UserPromptSubmit" => Some(Report { task: task(word("prompt")), ..Report::of(Activity::Working) }),
        "PermissionRequest" => Some(Report::because(Activity::Waiting, request(event))),
        "Elicitation" => {
            let server = word("mcp_server_name").and_then(short).unwrap_or_default();
            Some(Report::because(Activity::Waiting, format!("question: {server}")))
        }
        "PostToolUseFailure" if event.get("is_interrupt") == Some(&Value::Bool(true)) => {
            (!is_subagent).then(|| Report::of(Activity::Idle))
        }
        "PostToolUse" | "PostToolUseFailure" | "ElicitationResult" => Some(Report::of(Activity::Working)),
        "Stop" | "StopFailure" if is_subagent => None,
        // With a reason: its screen shows an agent that is done.
        "Stop" if subagents_work(event) => Some(Report::because(Activity::Working, "subagents")),
        "Stop" => Some(Report::of(Activity::Idle)),
        "StopFailure" => Some(failure(word("error"), word("last_assistant_message"))),
        _ => None,
    }
}

/// The prompts that claude writes for itself, to wake up when something in the background is done, are nobody's task.
fn task(prompt: Option<&str>) -> Option<String> {
    prompt.filter(|prompt| !prompt.starts_with('<')).and_then(short)
}

/// Its questions are a tool, which asks for permission like all others, also where everything is permitted.
fn request(event: &Value) -> String {
    let tool = event.get("tool_name").and_then(Value::as_str).and_then(short).unwrap_or_default();
    if tool != "AskUserQuestion" {
        return format!("permission: {tool}");
    }
    let question = event.pointer("/tool_input/questions/0/question").and_then(Value::as_str).and_then(short);
    format!("question: {}", question.unwrap_or_default())
}

/// A turn that is over until its subagents wake it. A shell in the background does not count: that may be a server.
fn subagents_work(event: &Value) -> bool {
    let tasks = event.get("background_tasks").and_then(Value::as_array);
    let word = |task: &Value, name: &str, words: &[&str]| {
        task.get(name).and_then(Value::as_str).is_some_and(|word| words.contains(&word))
    };
    tasks.is_some_and(|tasks| {
        tasks.iter().any(|task| word(task, "type", &["subagent", "workflow"]) && word(task, "status", &["running"]))
    })
}

/// A turn that the API ended, after all that claude tries by itself.
fn failure(error: Option<&str>, message: Option<&str>) -> Report {
    let error = error.unwrap_or("unknown");
    let message = message.and_then(short).unwrap_or_else(|| error.to_owned());
    match error {
        "authentication_failed" | "oauth_org_not_allowed" => {
            Report::because(Activity::Waiting, format!("login: {message}"))
        }
        "rate_limit" | "billing_error" => Report::because(Activity::Waiting, format!("usage limit: {message}")),
        // The answer became too long, which is an end like others.
        "max_output_tokens" => Report::of(Activity::Idle),
        _ => Report::because(Activity::Blocked, message),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Report;
    use super::super::recorded::recorded;
    use super::report_of;
    use mosaic_heartbeat::Activity;
    use serde_json::json;

    #[test]
    fn each_recorded_event_says_what_the_program_did() {
        let expected = [
            ("elicitation", "waiting question: tickets"),
            ("elicitation-result", "working"),
            ("notification-permission", "-"),
            ("permission-request", "waiting permission: Bash"),
            ("permission-request-question", "waiting question: Which colour?"),
            ("permission-request-subagent", "waiting permission: Bash"),
            ("post-tool-use", "working"),
            ("post-tool-use-failure", "working"),
            ("post-tool-use-subagent", "working"),
            ("session-end", "-"),
            ("session-start", "idle model=claude-opus-4-8[1m]"),
            ("session-start-clear", "idle"),
            ("session-start-resume", "idle"),
            ("stop", "idle"),
            ("stop-background-shell", "idle"),
            ("stop-failure-billing", "waiting usage limit: Credit balance is too low"),
            ("stop-failure-login", "waiting login: Invalid API key · Fix external API key"),
            ("stop-failure-login-403", "waiting login: Please run /login · API Error: 403 OAuth token revoked"),
            (
                "stop-failure-overloaded",
                "blocked API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a \
                 moment. If it persists, chec…",
            ),
            (
                "stop-failure-rate-limit",
                "waiting usage limit: API Error: Request rejected (429) · This request would exceed your account's \
                 rate limit",
            ),
            ("subagent-stop", "-"),
            ("user-prompt", "working task=please note this"),
            ("user-prompt-task-notification", "working"),
        ];
        let expected = expected.map(|(name, line)| (name.to_owned(), line.to_owned())).into();
        assert_eq!(recorded("claude", report_of), expected);
    }

    /// Those that no stub brings about, by the program's own schema.
    #[test]
    fn the_schemas_other_events() {
        let subagent = json!({"type": "subagent", "status": "running"});
        for (event, expected) in [
            (json!({}), None),
            (json!({"hook_event_name": "FromTheFuture"}), None),
            (json!({"hook_event_name": "SessionStart", "source": "compact"}), None),
            (json!({"hook_event_name": "Stop", "agent_id": "a1"}), None),
            (json!({"hook_event_name": "StopFailure", "agent_id": "a1", "error": "rate_limit"}), None),
            (json!({"hook_event_name": "PostToolUseFailure", "agent_id": "a1", "is_interrupt": true}), None),
            (json!({"hook_event_name": "PostToolUseFailure", "is_interrupt": true}), Some(Activity::Idle)),
            (json!({"hook_event_name": "StopFailure", "error": "max_output_tokens"}), Some(Activity::Idle)),
        ] {
            assert_eq!(report_of(&event), expected.map(Report::of), "{event}");
        }
        let goes_on = report_of(&json!({"hook_event_name": "Stop", "background_tasks": [subagent]})).unwrap();
        assert_eq!((goes_on.activity, goes_on.reason.as_deref()), (Activity::Working, Some("subagents")));
    }
}
