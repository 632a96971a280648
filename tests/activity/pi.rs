//! The real pi says what it does, by its extension.

use crate::stage::Stage;

const COMMAND: &str = "mosaic yolo pi -- --offline --provider stub --model stub-1";

#[test]
fn pi_says_that_it_works_and_that_it_is_done_and_the_exporter_tells() {
    let Some(stage) = Stage::or_skip("pi", COMMAND, |_| ()) else { return };
    let exporter = stage.fleet.exporter(&[]);
    let tells = |activity: &str| {
        let line = format!("mosaic_agent_activity{{agent=\"coder0\",activity=\"{activity}\"}} 1");
        let deadline = mosaic_harness::Deadline::default();
        while !exporter.scrape().lines().any(|told| told == line) {
            assert!(!deadline.passed(), "{line} is not told");
        }
    };
    stage.wait_report("idle", "");
    tells("idle");
    let held = stage.server.hold();
    stage.send("rebase the branch");
    stage.server.wait_held();
    let working = stage.wait_report("working", "");
    assert_eq!(
        (&working["model"], &working["task"]),
        (&"stub/stub-1".into(), &"rebase the branch".into()),
        "{working}"
    );
    tells("working");
    drop(held);
    let done = stage.wait_report("idle", "");
    assert!(done["task"].is_null(), "{done}");
    tells("idle");
}

#[test]
fn a_login_that_is_gone_is_told_and_taken_back() {
    let Some(stage) = Stage::or_skip("pi", COMMAND, |_| ()) else { return };
    stage.wait_report("idle", "");
    stage.server.refuse(Some(("401 Unauthorized", "invalid key")));
    stage.send("rebase the branch");
    let waiting = stage.wait_report("waiting", "login");
    assert_eq!(waiting["waitingFor"], "login", "{waiting}");
    let table = String::from_utf8(stage.fleet.mosaic(&["fleet", "ps"]).stdout).unwrap();
    assert!(table.contains("need a person") && table.contains("log it in: mosaic agent attach coder0"), "{table}");
    let (code, verification) = stage.fleet.verify(&[]);
    let checks = verification["checks"].as_array().unwrap();
    let activity = checks.iter().find(|check| check["name"] == "activity").unwrap();
    assert_eq!((&activity["status"], &activity["required"]), (&"fail".into(), &false.into()), "{activity}");
    assert_eq!(code, Some(0), "an agent that waits is alive: {verification:#}");
    stage.server.refuse(None);
    stage.is_answered();
}
