//! The record of an agent's end in the journal: `journalctl --user AGENT=coder0`.

use mosaic_harness::UnitFleet;
use rustix::process::Signal;
use serde_json::Value;

/// The single record of the agent's end.
fn record(fleet: &UnitFleet) -> Value {
    let records = fleet.manager().journal(&["--user", "AGENT=coder0"]);
    assert_eq!(records.len(), 1, "{records:#?}");
    records.into_iter().next().unwrap()
}

fn numbered(lines: std::ops::RangeInclusive<u32>) -> Vec<String> {
    lines.map(|number| format!("line {number} of the agent")).collect()
}

#[test]
fn an_exit_record_has_the_last_fifty_lines_of_the_pane() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "MOSAIC_AGENT_RUNTIME=codex\n");
    let pane = fleet.start("coder0");
    pane.print(numbered(1..=80).join("\n") + "\n");
    pane.exit(3);
    fleet.wait_state("coder0", "failed");
    let record = record(&fleet);
    let field = |name: &str| record[name].as_str().unwrap_or_else(|| panic!("{name} in {record:#?}"));
    assert_eq!((field("EXIT"), field("RUNTIME"), field("PANE_PID")), ("code:3", "codex", &*pane.pid().to_string()));
    assert!(field("DURATION_SEC").parse::<f64>().unwrap() > 0.0);
    let (headline, lines) = field("MESSAGE").split_once('\n').unwrap();
    assert!(headline.starts_with("coder0 exited with code 3 after "), "{headline}");
    assert_eq!(lines.lines().map(str::trim).collect::<Vec<_>>(), numbered(31..=80));
    // The record also belongs to the unit's log.
    let unit_log = fleet.manager().journal_messages(&["--user", "--unit", &UnitFleet::unit("coder0")]);
    assert!(unit_log.iter().any(|message| message == field("MESSAGE")), "{unit_log:#?}");
}

#[test]
fn output_that_tmux_reads_after_the_exit_is_in_the_record() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    let pane = fleet.start("coder0");
    let server = fleet.server();
    server.signal(Signal::STOP.as_raw());
    pane.print(numbered(1..=60).join("\n") + "\n");
    pane.exit(3);
    server.signal(Signal::CONT.as_raw());
    fleet.wait_state("coder0", "failed");
    let record = record(&fleet);
    let lines = record["MESSAGE"].as_str().unwrap().lines().skip(1);
    assert_eq!(lines.map(str::trim).collect::<Vec<_>>(), numbered(11..=60));
}

#[test]
fn the_record_of_a_stop_says_stopped() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    let record = record(&fleet);
    assert_eq!((&record["EXIT"], &record["PANE_PID"]), (&"stopped".into(), &pane.pid().to_string().into()));
}

#[test]
fn the_record_of_an_agent_whose_server_was_killed_says_lost() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    fleet.drop_in("coder0", "[Service]\nRestart=no\n");
    let pane = fleet.start("coder0");
    fleet.server().signal(Signal::KILL.as_raw());
    pane.process().wait();
    fleet.fleet().wait_heartbeat("coder0", |beat| beat["status"] == "lost");
    fleet.manager().wait_property(&UnitFleet::unit("coder0"), "MainPID", "0");
    let record = record(&fleet);
    assert_eq!((&record["EXIT"], &record["PANE_PID"]), (&"lost".into(), &pane.pid().to_string().into()));
}
