//! After every change, a resident observer and fresh ones report the same.

use super::comparer::ObserverComparison;
use mosaic_harness::{Fleet, RosterFleet, UnitFleet};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The agent under test.
const CODER: &str = "coder0";

/// The interval differs from the default of the units, so that each agent has a drop-in.
fn fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "14")?;
    fleet.start(&["mos", CODER]);
    Some(fleet)
}

fn kinds(observation: &Value) -> Vec<String> {
    RosterFleet::drift_of(&observation["snapshot"])
        .into_iter()
        .map(|(kind, subject)| format!("{kind} {subject}"))
        .collect()
}

/// Edits a file in place and keeps its length.
fn edit(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn every_changed_file_is_read_again() {
    let Some(fleet) = fleet() else { return };
    let mut comparison = ObserverComparison::start(&fleet);
    comparison.settle();
    assert_eq!(kinds(&comparison.observe_equal("at first")), [""; 0]);

    let env = fleet.units().fleet().env_file_path(CODER);
    for (from, to, expected) in [("=14", "=13", vec!["env-outdated coder0"]), ("=13", "=14", vec![])] {
        edit(&env, from, to);
        assert_eq!(kinds(&comparison.observe_equal("an env file was edited")), expected);
    }
    comparison.settle();
    let roster = fleet.units().fleet().mosaic_home().join("fleet/roster.yaml");
    for (from, to) in [("interval: 14", "interval: 13"), ("interval: 13", "interval: 14")] {
        edit(&roster, from, to);
        let differ = if to.ends_with("13") { vec!["env-outdated coder0", "env-outdated mos"] } else { vec![] };
        assert_eq!(kinds(&comparison.observe_equal("the roster was edited")), differ);
    }
    comparison.settle();
    let unit = UnitFleet::unit(CODER);
    let drop_in = fleet.units().manager().unit_directory().join(format!("{unit}.d/50-mosaic-fleet.conf"));
    fs::rename(&drop_in, drop_in.with_extension("away")).unwrap();
    assert_eq!(kinds(&comparison.observe_equal("a drop-in was removed")), ["env-outdated coder0"]);
    fs::rename(drop_in.with_extension("away"), &drop_in).unwrap();
    assert_eq!(kinds(&comparison.observe_equal("it was put back")), [""; 0]);

    let beat = fleet.units().fleet().heartbeat_path(CODER);
    comparison.settle();
    edit(&beat, "status=ok", "status=no");
    comparison.observe_equal("a heartbeat was spoiled");
    let run = fleet.units().fleet().run_directory();
    comparison.settle();
    fs::rename(run, run.with_extension("away")).unwrap();
    fs::create_dir(run).unwrap();
    comparison.observe_equal("the run directory was replaced");
    fs::remove_dir_all(run).unwrap();
    fs::rename(run.with_extension("away"), run).unwrap();
    comparison.observe_equal("it was put back");
}

#[test]
fn every_change_of_an_agent_is_in_the_next_observation() {
    let Some(fleet) = fleet() else { return };
    let (units, unit) = (fleet.units(), UnitFleet::unit(CODER));
    let mut comparison = ObserverComparison::start(&fleet);
    comparison.settle();
    let pid =
        |observation: &Value| RosterFleet::agent_of(&observation["snapshot"], CODER)["session"]["panePid"].clone();
    let first = pid(&comparison.observe_equal("at first"));

    units.fleet().pane(CODER).process().signal(9);
    comparison.observe_equal("an agent was killed");
    fleet.wait_condition(CODER, "up");
    let second = comparison.observe_equal("it was started again");
    assert_ne!(pid(&second), first);
    let respawned = units.fleet().tmux(&["respawn-pane", "-k", "-t", "=coder0:", "exec sleep 1000000"]);
    assert!(respawned.status.success(), "{respawned:?}");
    assert_ne!(pid(&comparison.observe_equal("a pane was respawned")), pid(&second));

    comparison.settle();
    units.manager().systemctl_ok(&["disable", &unit]);
    assert!(kinds(&comparison.observe_equal("a unit was disabled")).contains(&"unit-disabled coder0".to_owned()));
    comparison.settle();
    units.manager().systemctl_ok(&["enable", &unit]);
    assert!(!kinds(&comparison.observe_equal("it was enabled")).contains(&"unit-disabled coder0".to_owned()));
    units.manager().systemctl_ok(&["stop", &unit]);
    comparison.observe_equal("a unit was stopped");
    fleet.start(&[CODER]);
    comparison.observe_equal("it was started");

    let killed = units.fleet().tmux(&["kill-server"]);
    assert!(killed.status.success(), "{killed:?}");
    comparison.observe_equal("the tmux server was killed");
    fleet.wait_condition(CODER, "up");
    comparison.observe_equal("it was started again");
    units.manager().systemctl_ok(&["daemon-reexec"]);
    comparison.observe_equal("the manager was executed anew");
}

/// Only the resident observer has read the last valid roster.
#[test]
fn an_invalid_roster_keeps_the_last_valid_one() {
    let Some(fleet) = fleet() else { return };
    let mut comparison = ObserverComparison::start(&fleet);
    let before = comparison.observe_equal("at first");
    let good = fleet.roster();
    fleet.write_roster("version: 1\nagents: [}\n");
    let (resident, fresh) = comparison.observe();
    for observation in [&resident, &fresh] {
        assert_eq!(observation["snapshot"]["sources"]["roster"]["ok"], false, "{observation:#}");
    }
    assert_eq!(resident["snapshot"]["agents"], before["snapshot"]["agents"]);
    assert_eq!(resident["snapshot"]["roster"], before["snapshot"]["roster"]);
    assert_eq!((kinds(&resident), &fresh["snapshot"]["roster"]["agents"]), (vec![], &Value::Null));
    fleet.write_roster(&good);
    comparison.observe_equal("it can be read again");
}
