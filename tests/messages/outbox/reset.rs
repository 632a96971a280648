//! Agents that are made to forget.

use crate::outbox::outbox_fixture::Stage;
use serde_json::Value;

const TEMPLATE: &str = "    kickstart_template: 'You are {agent}, {class} on {host}: {task} {{now}}'\n";

#[test]
fn it_is_made_to_forget_and_told_what_it_is_told_first() {
    let stage = Stage::with("    reset_command: /clear\n", TEMPLATE);
    let agent = stage.agent("coder0");
    stage.open(&agent, "");
    let reset = stage.mosaic(&["agent", "reset", "coder0", "--task", "fix {it}"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    let [command, kickstart] = reset.said.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(command.starts_with("coder0  /clear: accepted  ["), "{command}");
    assert!(kickstart.starts_with("coder0  kickstart: accepted  ["), "{kickstart}");
    let received = agent.wait_received(2);
    assert_eq!(received[0], "/clear");
    let (preamble, text) = received[1].split_once("] ").unwrap();
    assert!(preamble.starts_with('[') && preamble.ends_with(":coder0"), "{preamble}");
    assert!(text.starts_with("You are coder0, implementer on ") && text.ends_with(": fix {it} {now}"), "{text}");
    assert_eq!(stage.outbox().states(), ["accepted", "accepted"]);
}

#[test]
fn what_makes_no_sense_is_told_before_anything_is_typed() {
    let stage = Stage::with("    reset_command: /clear\n", TEMPLATE);
    let agent = stage.agent("coder0");
    stage.open(&agent, "");
    let no_task = stage.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(no_task.code, 64, "{no_task:?}");
    assert!(no_task.errors.contains("--task"), "{no_task:?}");
    stage.write_roster("    reset_command: /clear\n", "    kickstart_template: 'hello {who}'\n");
    let unknown = stage.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(unknown.code, 78, "{unknown:?}");
    assert!(
        unknown.errors.contains("kickstart_template of coder0 has an unknown placeholder {who}: expected {agent}"),
        "{unknown:?}"
    );
    stage.write_roster("    reset_command: /clear\n", "");
    let unused = stage.mosaic(&["agent", "reset", "coder0", "--task", "x"]);
    assert_eq!(unused.code, 64, "{unused:?}");
    assert_eq!(stage.outbox().messages(), [Value::Null; 0]);
    assert_eq!(agent.received(), [""; 0]);
}

#[test]
fn an_agent_at_work_is_not_made_to_forget_unless_it_is_waited_for() {
    let stage = Stage::with("    reset_command: /clear\n", "");
    let agent = stage.agent("coder0");
    stage.open(&agent, "--spinner");
    agent.wait_screen("Working");
    let busy = stage.mosaic(&["agent", "reset", "coder0", "--json"]);
    assert_eq!(busy.code, 1, "{busy:?}");
    let answer: Value = serde_json::from_str(&busy.said).unwrap();
    assert_eq!((&answer["how"], &answer["command"]), (&"typed".into(), &"/clear".into()));
    assert_eq!(answer["receipts"][0]["code"], "busy", "{answer}");
    assert_eq!(agent.received(), [""; 0]);
}

#[test]
fn a_runtime_without_a_reset_command_is_restarted() {
    let stage = Stage::new();
    let agent = stage.agent("coder0");
    let entry = format!("    command: {}\n    kickstart_template: begin\n", agent.command(""));
    stage.write_roster("", &entry);
    let started = stage.mosaic(&["fleet", "start", "coder0"]);
    assert_eq!(started.code, 0, "{started:?}");
    let pid = || stage.fleet().heartbeat("coder0").unwrap()["pid"].clone();
    let before = pid();
    let reset = stage.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    assert!(reset.said.contains("coder0  restarted in ") && reset.said.contains("kickstart: accepted"), "{reset:?}");
    assert_ne!(pid(), before);
    assert!(agent.wait_received(1)[0].ends_with(":coder0] begin"));
}
