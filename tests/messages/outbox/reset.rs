//! `mosaic agent reset`.

use crate::outbox::outbox_fixture::OutboxFleet;
use serde_json::Value;

const TEMPLATE: &str = "    kickstart_template: 'You are {agent}, {class} on {host}: {task} {{now}}'\n";

#[test]
fn reset_types_the_reset_command_and_the_kickstart_prompt() {
    let fleet = OutboxFleet::with("    reset_command: /clear\n", TEMPLATE);
    let agent = fleet.agent("coder0");
    fleet.open(&agent, "");
    let reset = fleet.mosaic(&["agent", "reset", "coder0", "--task", "fix {it}"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    let [command, kickstart] = reset.stdout.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(command.starts_with("coder0  /clear: accepted  ["), "{command}");
    assert!(kickstart.starts_with("coder0  kickstart: accepted  ["), "{kickstart}");
    let received = agent.wait_received(2);
    assert_eq!(received[0], "/clear");
    let (preamble, text) = received[1].split_once("] ").unwrap();
    assert!(preamble.starts_with('[') && preamble.ends_with(":coder0"), "{preamble}");
    assert!(text.starts_with("You are coder0, implementer on ") && text.ends_with(": fix {it} {now}"), "{text}");
    assert_eq!(fleet.outbox().states(), ["accepted", "accepted"]);
}

#[test]
fn reset_checks_its_arguments_before_it_types() {
    let fleet = OutboxFleet::with("    reset_command: /clear\n", TEMPLATE);
    let agent = fleet.agent("coder0");
    fleet.open(&agent, "");
    let no_task = fleet.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(no_task.code, 64, "{no_task:?}");
    assert!(no_task.stderr.contains("--task"), "{no_task:?}");
    fleet.write_roster("    reset_command: /clear\n", "    kickstart_template: 'hello {who}'\n");
    let unknown = fleet.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(unknown.code, 78, "{unknown:?}");
    assert!(
        unknown.stderr.contains("kickstart_template of coder0 has an unknown placeholder {who}: expected {agent}"),
        "{unknown:?}"
    );
    fleet.write_roster("    reset_command: /clear\n", "");
    let unused = fleet.mosaic(&["agent", "reset", "coder0", "--task", "x"]);
    assert_eq!(unused.code, 64, "{unused:?}");
    assert_eq!(fleet.outbox().messages(), [Value::Null; 0]);
    assert_eq!(agent.received(), [""; 0]);
}

#[test]
fn reset_refuses_a_busy_agent() {
    let fleet = OutboxFleet::with("    reset_command: /clear\n", "");
    let agent = fleet.agent("coder0");
    fleet.open(&agent, "--spinner");
    agent.wait_screen("Working");
    let busy = fleet.mosaic(&["agent", "reset", "coder0", "--json"]);
    assert_eq!(busy.code, 1, "{busy:?}");
    let answer: Value = serde_json::from_str(&busy.stdout).unwrap();
    assert_eq!((&answer["how"], &answer["command"]), (&"typed".into(), &"/clear".into()));
    assert_eq!(answer["receipts"][0]["code"], "busy", "{answer}");
    assert_eq!(agent.received(), [""; 0]);
}

#[test]
fn reset_restarts_a_runtime_without_a_reset_command() {
    let fleet = OutboxFleet::new();
    let agent = fleet.agent("coder0");
    let entry = format!("    command: {}\n    kickstart_template: begin\n", agent.command(""));
    fleet.write_roster("", &entry);
    let started = fleet.mosaic(&["fleet", "start", "coder0"]);
    assert_eq!(started.code, 0, "{started:?}");
    let pid = || fleet.fleet().heartbeat("coder0").unwrap()["pid"].clone();
    let before = pid();
    let reset = fleet.mosaic(&["agent", "reset", "coder0"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    assert!(
        reset.stdout.contains("coder0  restarted in ") && reset.stdout.contains("kickstart: accepted"),
        "{reset:?}"
    );
    assert_ne!(pid(), before);
    assert!(agent.wait_received(1)[0].ends_with(":coder0] begin"));
}
