//! Agents that keep ending, and units whose programs are missing: `ps`, `verify` and `agent logs` say so, with the cause.

use mosaic_harness::{RosterFleet, ShippedSchema, UnitFleet};
use serde_json::Value;
use std::fs;
use std::process::Output;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A fleet whose agent `coder0` has failed until systemd gave it up.
fn failing_fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    fleet.units().drop_in("coder0", "[Unit]\nStartLimitBurst=4\n");
    fleet.units().settings("coder0", "echo no such account; exit 1", "");
    fleet.units().fleet().pane("coder0").exit(1);
    fleet.units().wait_state("coder0", "failed");
    Some(fleet)
}

#[test]
fn an_agent_that_systemd_has_given_up_names_the_count_and_the_cause() {
    let Some(fleet) = failing_fleet() else { return };
    let agent = fleet.agent("coder0");
    assert_eq!(
        (&agent["condition"], &agent["restarts"]["state"]),
        (&"missing".into(), &"given-up".into()),
        "{agent:#}"
    );
    // The result of the last run stays when systemd refuses the next one.
    assert_eq!(agent["unit"]["result"], "exit-code");
    let starts = agent["restarts"]["starts"].as_u64().unwrap();
    assert!(starts >= 4, "{agent:#}");
    let reason = agent["reason"].as_str().unwrap();
    assert!(reason.starts_with(&format!("given up: started {starts} times in ")), "{reason}");
    assert!(reason.ends_with("; it exited with code 1: no such account"), "{reason}");
    assert_eq!(agent["lastEnd"]["verdict"], "code:1");

    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1));
    let cause = &verification["causes"][0];
    assert_eq!((&cause["check"], &cause["agents"]), (&"restarts".into(), &serde_json::json!(["coder0"])), "{cause:#}");

    let logs = text(&fleet.mosaic(&["agent", "logs", "coder0"]));
    assert!(logs.starts_with("no such account\ncoder0 exited with code 1 at "), "{logs}");
    let all = fleet.mosaic(&["agent", "logs", "coder0", "--json"]);
    let all = ShippedSchema::Logs.read(&all.stdout);
    assert_eq!(all["ends"].as_array().unwrap().len() as u64, starts, "{all:#}");

    // A start on request begins anew.
    fleet.units().settings("coder0", &fleet.units().test_agent_command("coder0"), "");
    let started = fleet.mosaic(&["fleet", "start", "coder0"]);
    assert!(started.status.success(), "{started:?}");
    let agent = fleet.agent("coder0");
    assert_eq!((&agent["condition"], &agent["restarts"]), (&"up".into(), &Value::Null), "{agent:#}");
    let previous = text(&fleet.mosaic(&["agent", "logs", "coder0", "--previous"]));
    assert!(previous.contains("no such account"), "{previous}");
}

#[test]
fn a_missing_program_of_the_units_fails_the_verification_before_the_next_start() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    assert_eq!(fleet.verify(&[]).0, Some(0));
    let tools = fleet.units().fleet().mosaic_home().join("tools/fleet");
    fs::rename(tools.join("start-agent-session"), tools.join("moved")).unwrap();
    let (code, verification) = fleet.verify(&[]);
    assert_eq!(code, Some(1));
    let cause = &verification["causes"][0];
    assert_eq!(cause["check"], "programs", "{cause:#}");
    assert!(cause["summary"].as_str().unwrap().ends_with("start-agent-session does not exist"), "{cause:#}");
    assert_eq!(fleet.drift(), [("programs-unusable".to_owned(), tools.display().to_string())]);

    fleet.units().drop_in("coder0", "[Service]\nRestart=no\n");
    assert!(!fleet.units().manager().systemctl(&["restart", &UnitFleet::unit("coder0")]).status.success());
    let agent = fleet.agent("coder0");
    assert!(agent["reason"].as_str().unwrap().contains("(203/EXEC)"), "{agent:#}");
}
