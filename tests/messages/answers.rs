//! `mosaic agent answer` and the dialogs of the real programs: an answer is given by its meaning, to the question that was
//! seen and to no other.

use std::path::PathBuf;
use std::time::Duration;

use mosaic_harness::{Deadline, Fleet, ProgramSet};
use serde_json::{Value, json};

use crate::real_program::{CLAUDE, CODEX, OPENCODE, RealProgram, Runtime};

/// Runs `mosaic agent answer coder0 --json`, and returns the exit code and what it printed.
fn answer(program: &RealProgram, words: &[&str]) -> (Option<i32>, Value) {
    let output = program.fleet.mosaic(&[&["agent", "answer", "coder0", "--json"], words].concat());
    let printed = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), printed)
}

/// Waits until a dialog with this name is open, and returns it.
fn wait_dialog(program: &RealProgram, name: &str) -> Value {
    let deadline = Deadline::after(Duration::from_mins(1));
    let mut before = Value::Null;
    loop {
        let (code, dialog) = answer(program, &[]);
        let is_complete =
            code == Some(0) && dialog["name"] == name && !dialog["answers"].as_array().unwrap().is_empty();
        // A program may draw its dialog in several steps.
        if is_complete && dialog["question"] == before["question"] {
            return dialog;
        }
        before = dialog.clone();
        assert!(!deadline.passed(), "no dialog '{name}' is open: {dialog}\n{}", program.screen());
    }
}

fn made(program: &RealProgram, name: &str) -> PathBuf {
    program.fleet.units().fleet().home().join(name)
}

/// Lets the model ask for a command that makes a file, and returns the dialog.
fn ask(program: &RealProgram, tool: &str, call: impl Fn(&str) -> Value, name: &str) -> Value {
    program.model.call_tool(tool, call(&format!("touch {name}")));
    let sent = program.send("make a file", &["--no-preamble"]);
    assert_eq!(sent.outcome(), "accepted", "{sent:?}\n{}", program.screen());
    wait_dialog(program, "permission")
}

/// A permission that is refused, one whose question is another by now, and one that is given.
fn answer_permissions(program: &RealProgram, tool: &str, call: impl Fn(&str) -> Value) {
    program.wait_idle();
    let (code, none) = answer(program, &["allow-once"]);
    assert_eq!((code, &none["code"]), (Some(1), &"no-dialog".into()), "{none}");

    let first = ask(program, tool, &call, "refused");
    let (code, denied) = answer(program, &["deny"]);
    assert_eq!((code, &denied["outcome"]), (Some(0), &"accepted".into()), "{denied}\n{}", program.screen());
    program.wait_idle();
    assert!(!made(program, "refused").exists());

    let second = ask(program, tool, &call, "given");
    assert_ne!(first["question"], second["question"]);
    let (code, stale) = answer(program, &["allow-once", "--question", first["question"].as_str().unwrap()]);
    assert_eq!((code, &stale["code"]), (Some(1), &"another-question".into()), "{stale}");
    let (code, unknown) = answer(program, &["perhaps"]);
    assert_eq!((code, &unknown["code"]), (Some(1), &"not-offered".into()), "{unknown}");
    assert!(!made(program, "given").exists(), "{}", program.screen());
    let (code, given) = answer(program, &["allow-once", "--question", second["question"].as_str().unwrap()]);
    assert_eq!((code, &given["outcome"]), (Some(0), &"accepted".into()), "{given}\n{}", program.screen());
    program.wait_idle();
    assert!(made(program, "given").exists(), "{}", program.screen());
}

fn shell_call(command: &str) -> Value {
    json!({ "command": command, "description": "x" })
}

#[test]
fn answers_to_claude() {
    let runtime = Runtime { command: "mosaic claude -- --permission-mode manual", ..CLAUDE };
    let Some(program) = RealProgram::or_skip(runtime, ProgramSet::Newest, |_| ()) else { return };
    answer_permissions(&program, "Bash", shell_call);
}

#[test]
fn answers_to_the_older_claude() {
    let runtime = Runtime { command: "mosaic claude", ..CLAUDE };
    let Some(program) = RealProgram::or_skip(runtime, ProgramSet::Older, |_| ()) else { return };
    answer_permissions(&program, "Bash", shell_call);
}

#[test]
fn answers_to_codex() {
    let runtime = Runtime { command: "mosaic codex -- -a on-request -s read-only", ..CODEX };
    let Some(program) = RealProgram::or_skip(runtime, ProgramSet::Newest, |_| ()) else { return };
    answer_permissions(
        &program,
        "exec_command",
        |command| json!({ "cmd": command, "sandbox_permissions": "require_escalated", "justification": "x" }),
    );
}

/// Configures opencode to ask for permission before it runs a command.
fn ask_for_permission(fleet: &Fleet) {
    let path = fleet.home().join(".config/opencode/opencode.json");
    let mut configuration: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    configuration["permission"] = json!({ "bash": "ask" });
    std::fs::write(path, configuration.to_string()).unwrap();
}

#[test]
fn answers_to_opencode() {
    let runtime = Runtime { command: "mosaic opencode", ..OPENCODE };
    let Some(program) = RealProgram::or_skip(runtime, ProgramSet::Newest, ask_for_permission) else { return };
    answer_permissions(&program, "bash", shell_call);
}

/// Makes claude ask whether it may trust the directory.
fn untrusted(fleet: &Fleet) {
    let path = fleet.home().join(".claude.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace("\"hasTrustDialogAccepted\":true", "\"hasTrustDialogAccepted\":false")).unwrap();
}

#[test]
fn answers_to_the_trust_dialogs_of_claude() {
    for set in [ProgramSet::Newest, ProgramSet::Older] {
        let runtime = Runtime { command: "mosaic claude", ..CLAUDE };
        let Some(program) = RealProgram::or_skip(runtime, set, untrusted) else { return };
        wait_dialog(&program, "trust");
        let (code, refused) = answer(&program, &["allow-once"]);
        assert_eq!((code, &refused["code"]), (Some(1), &"not-offered".into()), "{refused}");
        let (code, given) = answer(&program, &["allow"]);
        assert_eq!((code, &given["outcome"]), (Some(0), &"accepted".into()), "{given}\n{}", program.screen());
        program.wait_idle();
    }
}
