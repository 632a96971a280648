//! The advice in the answers of `verify` and `ps`, and the commands in it, as a person would pick them out.

use serde_json::Value;

/// What is wrong, and what to do: `(what, evidence, advice)`.
pub(super) type Failure = (String, String, String);

/// The failed checks that decide the result, and the drift.
pub(super) fn failures(verified: &Value, snapshot: &Value) -> Vec<Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = verified["checks"].as_array().expect("a list").iter();
    // The check of the name `drift` counts what `ps` lists.
    let failed = |check: &&Value| check["required"] == true && check["status"] != "pass" && check["name"] != "drift";
    let checks = checks.filter(failed).map(|check| {
        let name = format!("{} {}", text(&check["agent"]), text(&check["name"]));
        (name, text(&check["evidence"]), text(&check["advice"]))
    });
    let drift = snapshot["drift"].as_array().expect("a list").iter().map(|item| {
        (format!("{} {}", text(&item["subject"]), text(&item["kind"])), text(&item["detail"]), text(&item["advice"]))
    });
    drift.chain(checks).collect()
}

/// The commands in the advice, each once, in order. Commands that only show something are left out.
pub(super) fn commands(failures: &[Failure]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (_, _, advice) in failures {
        for part in advice.split("; ").flat_map(|part| part.split(", then ")) {
            let command = part.split(" (").next().unwrap_or(part).trim();
            let changes = ["mosaic ", "systemctl --user ", "rm ", "rmdir ", "mv "];
            if changes.iter().any(|start| command.starts_with(start)) && !commands.iter().any(|known| known == command)
            {
                commands.push(command.to_owned());
            }
        }
    }
    commands
}
