//! Makes codex report by hooks, in a layer of its configuration for one session.

use std::ffi::OsString;

use super::Attachment;

/// Each line that is not a comment is the value of one option `-c`.
const LAYER: &str = include_str!("../../../../framework/fleet/reporters/codex.conf");

pub(super) fn attach(user_arguments: &[OsString]) -> Attachment {
    // There is only one such layer, and the last value of a key applies. Hooks of the user in it would replace ours,
    // whose hashes do not fit them, and codex would ask about them.
    if user_arguments.iter().any(|argument| sets_hooks(&argument.to_string_lossy())) {
        return Attachment::default();
    }
    let arguments = values().flat_map(|value| [OsString::from("-c"), value.into()]).collect();
    Attachment { arguments, ..Attachment::default() }
}

fn values() -> impl Iterator<Item = &'static str> {
    LAYER.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Returns whether the argument sets a hook: `hooks.Stop=…`, after `-c` or in one word with it.
fn sets_hooks(argument: &str) -> bool {
    let value = ["--config=", "-c="].iter().find_map(|option| argument.strip_prefix(option)).unwrap_or(argument);
    let value = value.strip_prefix("-c").unwrap_or(value).trim_start();
    value.strip_prefix("hooks").is_some_and(|rest| rest.trim_start().starts_with(['.', '=']) && rest.contains('='))
}

#[cfg(test)]
mod tests {
    use super::super::Attachment;
    use super::values;
    use serde_json::{Value, json};
    use std::ffi::OsString;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn attached(user_arguments: &[&str]) -> Attachment {
        super::attach(&user_arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn hooks_are_given_unless_the_user_sets_hooks_in_the_same_way() {
        let arguments = attached(&["-c", "model=x", "hooks.rs is broken", "hooks"]).arguments;
        assert_eq!(arguments.len(), 2 * values().count());
        assert_eq!(arguments[0], "-c");
        assert!(arguments[1].to_str().unwrap().starts_with("hooks.UserPromptSubmit="));
        for own in ["hooks.Stop=[]", "-chooks.Stop=[]", "-c=hooks={}", "--config=hooks.state={}", "hooks = {}"] {
            assert_eq!(attached(&["-c", own]), Attachment::default(), "{own}");
        }
    }

    /// Computes the hash as codex does: of the hook as JSON with sorted keys.
    fn hash(event: &str, matcher: Option<&str>, command: &str) -> String {
        let hook = json!({"async": false, "command": command, "timeout": 3, "type": "command"});
        let mut identity = json!({"event_name": event, "hooks": [hook]});
        if let Some(matcher) = matcher {
            identity["matcher"] = Value::from(matcher);
        }
        let mut sum =
            Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum runs");
        sum.stdin.take().unwrap().write_all(identity.to_string().as_bytes()).unwrap();
        let sum = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
        format!("sha256:{}", sum.split_whitespace().next().unwrap())
    }

    #[test]
    fn each_hook_is_trusted_by_its_hash_and_cannot_delay_codex() {
        let (hooks, states): (Vec<_>, Vec<_>) = values().partition(|value| !value.starts_with("hooks.state="));
        let [state] = states[..] else { panic!("one line trusts") };
        let command = r#"timeout 2 "$MOSAIC_REPORTER" agent report --from codex >/dev/null 2>&1 || :"#;
        for hook in &hooks {
            let (name, definition) = hook.strip_prefix("hooks.").unwrap().split_once('=').unwrap();
            let matcher = definition.strip_prefix("[{matcher=\"").and_then(|rest| rest.split('"').next());
            let given = matcher.map_or_else(String::new, |matcher| format!("matcher=\"{matcher}\","));
            let whole = format!("[{{{given}hooks=[{{type=\"command\",command='{command}',timeout=3}}]}}]");
            assert_eq!(definition, whole, "{name}");
            let event: String = name
                .chars()
                .flat_map(|letter| letter.is_uppercase().then_some('_').into_iter().chain(letter.to_lowercase()))
                .collect();
            let event = event.trim_start_matches('_');
            let trust = format!(
                "\"/<session-flags>/config.toml:{event}:0:0\"={{trusted_hash=\"{}\"}}",
                hash(event, matcher, command)
            );
            assert!(state.contains(&trust), "{name} needs {trust}");
        }
        assert_eq!(state.matches("trusted_hash").count(), hooks.len());
    }
}
