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
    // The check of the name `drift` counts what `ps` lists.
    let failed = |check: &&Value| check["required"] == true && check["status"] != "pass" && check["name"] != "drift";
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let checks = list(&verified["checks"]);
    let checks = checks.iter().filter(failed).map(|check| fault(check, ["agent", "name", "evidence"]));
    let drift = list(&snapshot["drift"]);
    let drift = drift.iter().map(|item| fault(item, ["subject", "kind", "detail"]));
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
