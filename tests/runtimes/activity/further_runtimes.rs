//! The activity of the other real programs, and messages to them: each works without a person, queues, is interrupted, and
//! asks for permission.

use crate::activity::activity_fixture::RuntimeFleet;
use mosaic_harness::AgentPrograms;
use serde_json::{Value, json};

/// A program, and what differs between programs.
struct Program {
    runtime: &'static str,
    /// The variables that make it use the model server, each with a blank after it.
    environment: &'static str,
    /// What tells that it waits for permission.
    source: &'static str,
    /// The key that interrupts a turn.
    interrupt: &'static str,
    /// A line of its dialog for permissions.
    dialog: &'static str,
    /// The name of the tool that runs a command.
    tool: &'static str,
    /// Further arguments of that tool.
    tool_arguments: fn() -> Value,
}

const QWEN: Program = Program {
    runtime: "qwen",
    environment: "",
    source: "report",
    interrupt: "Escape",
    dialog: "1. Yes",
    tool: "run_shell_command",
    tool_arguments: || json!({ "is_background": false }),
};

const COPILOT: Program = Program {
    runtime: "copilot",
    environment: "COPILOT_OFFLINE=true COPILOT_MODEL=stub-1 COPILOT_PROVIDER_API_KEY=none \
                  COPILOT_PROVIDER_BASE_URL=MODEL_URL ",
    source: "report",
    // Two Escapes count only with a certain pause between them.
    interrupt: "C-c",
    dialog: "1. Yes",
    tool: "bash",
    tool_arguments: || json!({ "mode": "sync", "initial_wait": 10 }),
};

const KIMI: Program = Program {
    runtime: "kimi",
    environment: "KIMI_MODEL_NAME=stub-1 KIMI_MODEL_PROVIDER_TYPE=openai KIMI_MODEL_API_KEY=none \
                  KIMI_MODEL_BASE_URL=MODEL_URL ",
    source: "screen",
    interrupt: "Escape",
    dialog: "1. Approve once",
    tool: "Bash",
    tool_arguments: || json!({}),
};

impl Program {
    fn started_or_skip(&self, command: &str) -> Option<RuntimeFleet> {
        let command = format!("{}{command}", self.environment);
        RuntimeFleet::with_programs(&AgentPrograms::installed_or_skip()?, self.runtime, &command, |_| ())
    }

    fn works_without_a_person(&self, fleet: &RuntimeFleet) {
        fleet.wait("idle", "");
        let held = fleet.server.hold();
        fleet.send("rebase the branch");
        fleet.server.wait_held();
        fleet.wait("working", "");
        assert_eq!(fleet.send_outcome("and run the tests"), "queued", "{}", fleet.screen());
        drop(held);
        let _ = fleet.server.wait_user_turns(2);
        fleet.wait("idle", "");

        let sixty: Vec<String> = (1..=60).map(|nth| format!("step {nth} of the plan")).collect();
        let texts = ["two\nlines", "wide 漢字 and an accent: é", &sixty.join("\n")];
        for (nth, text) in texts.iter().enumerate() {
            fleet.send(text);
            let _ = fleet.server.wait_user_turns(3 + nth);
            fleet.wait("idle", "");
        }
        let turns = fleet.server.user_turns();
        for text in ["rebase the branch", "and run the tests"].iter().chain(&texts) {
            // Some programs put a note of their own before a message.
            assert_eq!(turns.iter().filter(|turn| turn.ends_with(text)).count(), 1, "{text:?} in {turns:#?}");
        }

        let held = fleet.server.hold();
        fleet.send("look at the log");
        fleet.server.wait_held();
        fleet.wait("working", "");
        fleet.press(&[self.interrupt]);
        fleet.wait("idle", "");
        drop(held);
    }

    /// Ends with a command that was permitted.
    fn asks_for_permission(&self, fleet: &RuntimeFleet) {
        fleet.wait("idle", "");
        for (file, key) in [("refused", "Escape"), ("made", "Enter")] {
            let mut arguments = (self.tool_arguments)();
            arguments["command"] = format!("touch {file}").into();
            arguments["description"] = "make a file".into();
            fleet.server.call_tool(self.tool, arguments);
            fleet.send(&format!("make the file {file}"));
            let waiting = fleet.wait("waiting", "permission");
            let expected = (&self.source.into(), &"permission".into());
            assert_eq!((&waiting["source"], &waiting["waitingFor"]), expected, "{waiting}");
            fleet.wait_screen(self.dialog);
            fleet.press(&[key]);
            fleet.wait("idle", "");
        }
        let home = fleet.fleet.units().fleet().home();
        assert_eq!((home.join("made").exists(), home.join("refused").exists()), (true, false));
    }

    fn trusts_its_directory(fleet: &RuntimeFleet) {
        let waiting = fleet.wait("waiting", "trust");
        assert_eq!(waiting["source"], "screen", "{waiting}");
        fleet.press(&["Enter"]);
    }
}

/// Whether the programs are installed that a machine does not load for every change.
fn all_programs_or_skip() -> bool {
    let all = std::env::var("MOSAIC_TEST_PROGRAMS").is_ok_and(|which| which == "all");
    if !all {
        eprintln!("NOT TESTED: this program is installed and tested with MOSAIC_TEST_PROGRAMS=all only");
    }
    all
}

#[test]
fn qwen_works_without_a_person() {
    let Some(fleet) = QWEN.started_or_skip("mosaic yolo qwen") else { return };
    QWEN.works_without_a_person(&fleet);
}

#[test]
fn qwen_asks_for_permission() {
    let Some(fleet) = QWEN.started_or_skip("mosaic qwen -- --approval-mode default") else { return };
    QWEN.asks_for_permission(&fleet);
}

#[test]
fn copilot_works_without_a_person() {
    let Some(fleet) = COPILOT.started_or_skip("mosaic yolo copilot") else { return };
    COPILOT.works_without_a_person(&fleet);
}

#[test]
fn copilot_asks_for_trust_and_for_permission() {
    let Some(fleet) = COPILOT.started_or_skip("mosaic copilot") else { return };
    Program::trusts_its_directory(&fleet);
    COPILOT.asks_for_permission(&fleet);
}

#[test]
fn kimi_asks_for_trust_and_then_works_without_a_person() {
    if !all_programs_or_skip() {
        return;
    }
    let Some(fleet) = KIMI.started_or_skip("mosaic yolo kimi") else { return };
    Program::trusts_its_directory(&fleet);
    KIMI.works_without_a_person(&fleet);
}

#[test]
fn kimi_asks_for_permission() {
    if !all_programs_or_skip() {
        return;
    }
    let Some(fleet) = KIMI.started_or_skip("mosaic kimi") else { return };
    Program::trusts_its_directory(&fleet);
    KIMI.asks_for_permission(&fleet);
}
