//! The activity of the other real programs, and messages to them: each works without a person, queues, is interrupted, and
//! asks for permission.

use crate::activity::activity_fixture::RuntimeFleet;
use mosaic_harness::AgentPrograms;
use serde_json::{Value, json};

/// A program, and what differs between programs.
struct Program {
    runtime: &'static str,
    /// The environment and the arguments that make it use the model server.
    environment: &'static str,
    /// The arguments with which it asks for each permission.
    asking: &'static str,
    /// The keys that interrupt a turn.
    interrupt: &'static [&'static str],
    /// The name of the tool that runs a command.
    tool: &'static str,
    /// Further arguments of that tool.
    tool_arguments: fn() -> Value,
}

const QWEN: Program = Program {
    runtime: "qwen",
    environment: "",
    asking: "--approval-mode default",
    interrupt: &["Escape"],
    tool: "run_shell_command",
    tool_arguments: || json!({ "is_background": false }),
};

const COPILOT: Program = Program {
    runtime: "copilot",
    environment: "COPILOT_OFFLINE=true COPILOT_MODEL=stub-1 COPILOT_PROVIDER_API_KEY=none \
                  COPILOT_PROVIDER_BASE_URL=MODEL_URL ",
    asking: "",
    interrupt: &["C-c"],
    tool: "bash",
    tool_arguments: || json!({ "mode": "sync", "initial_wait": 10 }),
};

impl Program {
    fn started_or_skip(&self, command: &str) -> Option<RuntimeFleet> {
        let command = format!("{}{command}", self.environment);
        RuntimeFleet::with_programs(&AgentPrograms::installed_or_skip()?, self.runtime, &command, |_| ())
    }

    fn works_without_a_person(&self) {
        let Some(fleet) = self.started_or_skip(&format!("mosaic yolo {}", self.runtime)) else { return };
        fleet.wait("idle", "");
        let held = fleet.server.hold();
        fleet.send("rebase the branch");
        fleet.server.wait_held();
        fleet.wait("working", "");
        assert_eq!(fleet.send_outcome("and run the tests"), "queued");
        drop(held);
        fleet.wait("idle", "");

        let sixty: Vec<String> = (1..=60).map(|nth| format!("step {nth} of the plan")).collect();
        let texts = ["two\nlines", "wide 漢字 and a tab\tinside", "ends with a backslash\\", &sixty.join("\n")];
        for (nth, text) in texts.iter().enumerate() {
            fleet.send(text);
            let _ = fleet.server.wait_user_turns(3 + nth);
            fleet.wait("idle", "");
        }
        let turns = fleet.server.user_turns();
        for text in ["rebase the branch", "and run the tests"].iter().chain(&texts[..1]).chain(&texts[3..]) {
            assert_eq!(turns.iter().filter(|turn| turn.ends_with(text)).count(), 1, "{text:?} in {turns:#?}");
        }

        let held = fleet.server.hold();
        fleet.send("look at the log");
        fleet.server.wait_held();
        fleet.wait("working", "");
        for key in self.interrupt {
            fleet.press(&[key]);
        }
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
            let waiting = fleet.wait_report("waiting", "permission: ");
            assert_eq!(waiting["waitingFor"], "permission", "{waiting}");
            fleet.wait_screen("1. Yes");
            fleet.press(&[key]);
            fleet.wait("idle", "");
        }
        let home = fleet.fleet.units().fleet().home();
        assert_eq!((home.join("made").exists(), home.join("refused").exists()), (true, false));
    }
}

#[test]
fn qwen_works_without_a_person() {
    QWEN.works_without_a_person();
}

#[test]
fn qwen_asks_for_permission() {
    let command = format!("mosaic qwen -- {}", QWEN.asking);
    let Some(fleet) = QWEN.started_or_skip(&command) else { return };
    QWEN.asks_for_permission(&fleet);
}

#[test]
fn copilot_works_without_a_person() {
    COPILOT.works_without_a_person();
}

#[test]
fn copilot_asks_for_trust_and_for_permission() {
    let Some(fleet) = COPILOT.started_or_skip("mosaic copilot") else { return };
    let waiting = fleet.wait("waiting", "trust");
    assert_eq!(waiting["source"], "screen", "{waiting}");
    fleet.press(&["Enter"]);
    COPILOT.asks_for_permission(&fleet);
}
