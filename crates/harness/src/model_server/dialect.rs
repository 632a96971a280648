use serde_json::{Value, json};
use std::fmt::Write as _;

/// The model API that an agent program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `OpenAI` chat completions: pi and opencode.
    ChatCompletions,
    /// `OpenAI` responses: codex.
    Responses,
    /// Anthropic messages: claude.
    Messages,
}

impl Dialect {
    const ANSWER: &str = "noted";

    /// Derives the API from the end of a request's path.
    pub(super) fn from_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        let ends = [
            ("/chat/completions", Self::ChatCompletions),
            ("/responses", Self::Responses),
            ("/messages", Self::Messages),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, dialect)| dialect)
    }

    /// Returns the text of every user turn in a request. User turns without text are tool results and are left out.
    pub(super) fn user_turns(self, request: &Value) -> Vec<String> {
        self.user_parts(request).into_iter().map(|parts| parts.concat()).collect()
    }

    /// Returns the same with the parts of each turn: programs add parts of their own to what a person writes.
    pub(super) fn user_parts(self, request: &Value) -> Vec<Vec<String>> {
        let list = if self == Self::Responses { "input" } else { "messages" };
        let items = match &request[list] {
            Value::Array(items) => items.as_slice(),
            // A conversation with one turn may be a plain string.
            Value::String(text) => return vec![vec![text.clone()]],
            _ => &[],
        };
        let parts = items.iter().filter(|item| item["role"] == "user").map(|item| texts(&item["content"]));
        parts.filter(|parts| !parts.is_empty()).collect()
    }

    /// Encodes a complete response as server-sent events.
    pub(super) fn answer(self, reply: &Reply) -> String {
        match self {
            Self::ChatCompletions => chat_completion(reply),
            Self::Responses => response(reply),
            Self::Messages => message(reply),
        }
    }
}

/// A content is a string, or a list of parts of which some have text.
fn texts(content: &Value) -> Vec<String> {
    if let Value::String(text) = content {
        return vec![text.clone()];
    }
    let parts = content.as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
}

fn chat_completion(reply: &Reply) -> String {
    let chunk = |delta: Value, finished: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finished });
        let kind = "chat.completion.chunk";
        json!({ "id": "x", "object": kind, "created": 1, "model": "stub-1", "choices": [choice] })
    };
    let (message, end) = match reply {
        Reply::Noted => (json!({ "role": "assistant", "content": Dialect::ANSWER }), "stop"),
        Reply::Tool { name, arguments } => {
            let function = json!({ "name": name, "arguments": arguments.to_string() });
            let call = json!({ "index": 0, "id": "call_1", "type": "function", "function": function });
            (json!({ "role": "assistant", "tool_calls": [call] }), "tool_calls")
        }
    };
    let (message, end) = (chunk(message, Value::Null), chunk(json!({}), json!(end)));
    format!("data: {message}\n\ndata: {end}\n\ndata: [DONE]\n\n")
}

fn response(reply: &Reply) -> String {
    let item = match reply {
        Reply::Noted => {
            let content = json!([{ "type": "output_text", "text": Dialect::ANSWER }]);
            json!({ "type": "message", "role": "assistant", "id": "m1", "content": content })
        }
        Reply::Tool { name, arguments } => json!({
            "type": "function_call", "id": "f1", "call_id": "call_1", "name": name, "arguments": arguments.to_string(),
        }),
    };
    let usage = json!({
        "input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
        "input_tokens_details": null, "output_tokens_details": null,
    });
    events(&[
        ("response.created", json!({ "response": { "id": "r1" } })),
        ("response.output_item.done", json!({ "output_index": 0, "item": item })),
        ("response.completed", json!({ "response": { "id": "r1", "output": [item], "usage": usage } })),
    ])
}

fn message(reply: &Reply) -> String {
    let message = json!({
        "id": "m1", "type": "message", "role": "assistant", "model": "stub-1", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let (block, delta, reason) = match reply {
        Reply::Noted => (
            json!({ "type": "text", "text": "" }),
            json!({ "type": "text_delta", "text": Dialect::ANSWER }),
            "end_turn",
        ),
        Reply::Tool { name, arguments } => (
            json!({ "type": "tool_use", "id": "call_1", "name": name, "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": arguments.to_string() }),
            "tool_use",
        ),
    };
    let end = json!({ "stop_reason": reason, "stop_sequence": null });
    events(&[
        ("message_start", json!({ "message": message })),
        ("content_block_start", json!({ "index": 0, "content_block": block })),
        ("content_block_delta", json!({ "index": 0, "delta": delta })),
        ("content_block_stop", json!({ "index": 0 })),
        ("message_delta", json!({ "delta": end, "usage": { "output_tokens": 1 } })),
        ("message_stop", json!({})),
    ])
}

/// Encodes events with the type in the event name and in the data, as the responses and messages APIs require.
fn events(events: &[(&str, Value)]) -> String {
    events.iter().fold(String::new(), |mut stream, (name, data)| {
        let mut data = data.clone();
        data["type"] = json!(name);
        let _ = write!(stream, "event: {name}\ndata: {data}\n\n");
        stream
    })
}

/// A response of the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Reply {
    /// The text "noted".
    #[default]
    Noted,
    /// A tool call.
    Tool {
        /// The tool's name in the agent program.
        name: String,
        /// The tool's arguments.
        arguments: Value,
    },
}

#[cfg(test)]
mod tests {
    use super::Dialect;
    use serde_json::json;

    #[test]
    fn user_turns_are_read_from_every_form_of_content() {
        let messages = json!({ "messages": [
            { "role": "system", "content": "be brief" },
            { "role": "user", "content": "one" },
            { "role": "assistant", "content": "noted" },
            { "role": "user", "content": [{ "type": "tool_result", "content": "x" }] },
            { "role": "user", "content": [{ "type": "text", "text": "two\n" }, { "type": "text", "text": "lines" }] },
        ]});
        for dialect in [Dialect::ChatCompletions, Dialect::Messages] {
            assert_eq!(dialect.user_turns(&messages), ["one", "two\nlines"]);
        }
        let input = json!({ "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "one" }] }]});
        assert_eq!(Dialect::Responses.user_turns(&input), ["one"]);
        assert_eq!(Dialect::Responses.user_turns(&json!({ "input": "one" })), ["one"]);
        assert_eq!(Dialect::ChatCompletions.user_turns(&json!([])), [""; 0]);
    }

    #[test]
    fn the_path_selects_the_dialect() {
        assert_eq!(Dialect::from_path("/v1/chat/completions"), Some(Dialect::ChatCompletions));
        assert_eq!(Dialect::from_path("/v1/messages?beta=true"), Some(Dialect::Messages));
        assert_eq!(Dialect::from_path("/v1/responses"), Some(Dialect::Responses));
        assert_eq!(Dialect::from_path("/v1/models"), None);
    }
}
