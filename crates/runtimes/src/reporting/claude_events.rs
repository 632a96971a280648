//! The events of the hooks of claude, as of Claude Code 2.1.197.

use mosaic_heartbeat::Activity;
use serde_json::Value;

use super::{EventReport, first_line};

/// Returns what an event of a hook says about the agent, if it says anything.
pub(super) fn parse(event: &Value) -> Option<EventReport> {
    let word = |name: &str| event.get(name).and_then(Value::as_str);
    // A subagent causes the same events as the agent. Its end is not the agent's end, but its questions are the agent's.
    let is_subagent = event.get("agent_id").is_some();
    match word("hook_event_name")? {
        // A session that is compacted continues its turn.
        "SessionStart" if word("source") == Some("compact") => None,
        "SessionStart" => {
            Some(EventReport { model: word("model").and_then(first_line), ..EventReport::new(Activity::Idle) })
        }
        "UserPromptSubmit" => Some(EventReport { task: task(word("prompt")), ..EventReport::new(Activity::Working) }),
        "PermissionRequest" => Some(EventReport::with_reason(Activity::Waiting, request(event))),
        "Elicitation" => {
            let server = word("mcp_server_name").and_then(first_line).unwrap_or_default();
            Some(EventReport::with_reason(Activity::Waiting, format!("question: {server}")))
        }
        "PostToolUseFailure" if event.get("is_interrupt") == Some(&Value::Bool(true)) => {
            (!is_subagent).then(|| EventReport::new(Activity::Idle))
        }
        "PostToolUse" | "PostToolUseFailure" | "ElicitationResult" => Some(EventReport::new(Activity::Working)),
        "Stop" | "StopFailure" if is_subagent => None,
        // With a reason, because the screen shows an idle agent.
        "Stop" if subagents_work(event) => Some(EventReport::with_reason(Activity::Working, "subagents")),
        "Stop" => Some(EventReport::new(Activity::Idle)),
        "StopFailure" => Some(failure(word("error"), word("last_assistant_message"))),
        _ => None,
    }
}

/// Returns the task in a prompt. A prompt that begins with `<` is one that claude writes for itself, to continue when a
/// background task has ended.
fn task(prompt: Option<&str>) -> Option<String> {
    prompt.filter(|prompt| !prompt.starts_with('<')).and_then(first_line)
}

/// Returns the reason of a permission request. A question is a tool that asks for permission like all others, even where
/// everything is permitted.
fn request(event: &Value) -> String {
    let tool = event.get("tool_name").and_then(Value::as_str).and_then(first_line).unwrap_or_default();
    if tool != "AskUserQuestion" {
        return format!("permission: {tool}");
    }
    let question = event.pointer("/tool_input/questions/0/question").and_then(Value::as_str).and_then(first_line);
    format!("question: {}", question.unwrap_or_default())
}

/// Returns whether the turn will continue when its subagents end. A shell in the background does not count, because it
/// may be a server.
fn subagents_work(event: &Value) -> bool {
    let tasks = event.get("background_tasks").and_then(Value::as_array);
    let word = |task: &Value, name: &str, words: &[&str]| {
        task.get(name).and_then(Value::as_str).is_some_and(|word| words.contains(&word))
    };
    tasks.is_some_and(|tasks| {
        tasks.iter().any(|task| word(task, "type", &["subagent", "workflow"]) && word(task, "status", &["running"]))
    })
}

/// Returns the report of a turn that an error of the API ended, after all of claude's retries.
fn failure(error: Option<&str>, message: Option<&str>) -> EventReport {
    let error = error.unwrap_or("unknown");
    let message = message.and_then(first_line).unwrap_or_else(|| error.to_owned());
    match error {
        "authentication_failed" | "oauth_org_not_allowed" => {
            EventReport::with_reason(Activity::Waiting, format!("login: {message}"))
        }
        "rate_limit" | "billing_error" => {
            EventReport::with_reason(Activity::Waiting, format!("usage limit: {message}"))
        }
        // The answer became too long, which is an ordinary end of a turn.
        "max_output_tokens" => EventReport::new(Activity::Idle),
        _ => EventReport::with_reason(Activity::Blocked, message),
    }
}

#[cfg(test)]
mod tests {
    use super::super::EventReport;
    use super::super::tests::recorded_reports;
    use super::parse;
    use mosaic_heartbeat::Activity;
    use serde_json::json;

    #[test]
    fn each_recorded_event_gives_its_report() {
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
        assert_eq!(recorded_reports("claude", parse), expected);
    }

    /// Events that a stub cannot cause, by the schema of the program.
    #[test]
    fn events_that_are_not_recorded_give_their_reports() {
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
            assert_eq!(parse(&event), expected.map(EventReport::new), "{event}");
        }
        let goes_on = parse(&json!({"hook_event_name": "Stop", "background_tasks": [subagent]})).unwrap();
        assert_eq!((goes_on.activity, goes_on.reason.as_deref()), (Activity::Working, Some("subagents")));
    }
}
