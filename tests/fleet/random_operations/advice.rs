//! What `verify` and `ps` find wrong, and the commands that they advise.

use serde_json::Value;

/// A failed check or an item of drift.
#[derive(Debug)]
#[expect(dead_code, reason = "printed when a test fails")]
pub(super) struct Fault {
    name: String,
    detail: String,
    advice: String,
    command: Option<String>,
}

/// The drift, and the failed checks that decide the result.
pub(super) fn faults(verified: &Value, snapshot: &Value) -> Vec<Fault> {
    // The check `drift` counts what `ps` lists. The check `restarts` is about the past: the operations have ended agents
    // again and again, and only time shows that it was no fault of theirs.
    let is_about_now = |check: &Value| check["name"] != "drift" && check["name"] != "restarts";
    let failed = |check: &&Value| check["required"] == true && check["status"] != "pass" && is_about_now(check);
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let checks = list(&verified["checks"]);
    let checks = checks.iter().filter(failed).map(|check| fault(check, ["agent", "name", "evidence"]));
    // A session that was made by hand is a person's: it is shown, and no command ends it.
    let is_to_be_mended = |item: &&Value| item["kind"] != "unmanaged-session";
    let drift = list(&snapshot["drift"]);
    let drift = drift.iter().filter(is_to_be_mended).map(|item| fault(item, ["subject", "kind", "detail"]));
    drift.chain(checks).collect()
}

fn fault(value: &Value, [subject, kind, detail]: [&str; 3]) -> Fault {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Fault {
        name: format!("{} {}", text(subject), text(kind)),
        detail: text(detail),
        advice: text("advice"),
        command: value["command"].as_str().map(str::to_owned),
    }
}

/// The advised commands, each once, in the order in which they are printed.
pub(super) fn commands(faults: &[Fault]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for command in faults.iter().filter_map(|fault| fault.command.as_ref()) {
        if !commands.contains(command) {
            commands.push(command.clone());
        }
    }
    commands
}
