//! Who looks again and again sees what somebody sees who looks for the first time, whatever was changed
//! since the last look, and however little it shows.

use super::comparer::Onlooker;
use mosaic_harness::{Fleet, RosterFleet, UnitFleet};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The agent that things happen to.
const CODER: &str = "coder0";

/// With an interval that units do not have by themselves, so that each agent has a drop-in.
fn fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "14")?;
    fleet.start(&["mos", CODER]);
    Some(fleet)
}

fn kinds(told: &Value) -> Vec<String> {
    RosterFleet::drift_of(&told["snapshot"]).into_iter().map(|(kind, subject)| format!("{kind} {subject}")).collect()
}

/// Changes a file in place; it stays as long as it was.
fn edit(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_file_that_was_changed_is_read_again_however_little_it_shows() {
    let Some(fleet) = fleet() else { return };
    let mut onlooker = Onlooker::of(&fleet);
    onlooker.settle();
    assert_eq!(kinds(&onlooker.agree("at first")), [""; 0]);

    let env = fleet.units().fleet().env_file_path(CODER);
    for (from, to, expected) in [("=14", "=13", vec!["env-outdated coder0"]), ("=13", "=14", vec![])] {
        edit(&env, from, to);
        assert_eq!(kinds(&onlooker.agree("an env file was edited")), expected);
    }
    onlooker.settle();
    let roster = fleet.units().fleet().mosaic_home().join("fleet/roster.yaml");
    for (from, to) in [("interval: 14", "interval: 13"), ("interval: 13", "interval: 14")] {
        edit(&roster, from, to);
        let differ = if to.ends_with("13") { vec!["env-outdated coder0", "env-outdated mos"] } else { vec![] };
        assert_eq!(kinds(&onlooker.agree("the roster was edited")), differ);
    }
    onlooker.settle();
    let unit = UnitFleet::unit(CODER);
    let drop_in = fleet.units().manager().unit_directory().join(format!("{unit}.d/50-mosaic-fleet.conf"));
    fs::rename(&drop_in, drop_in.with_extension("away")).unwrap();
    assert_eq!(kinds(&onlooker.agree("a drop-in was removed")), ["env-outdated coder0"]);
    fs::rename(drop_in.with_extension("away"), &drop_in).unwrap();
    assert_eq!(kinds(&onlooker.agree("it was put back")), [""; 0]);

    let beat = fleet.units().fleet().heartbeat_path(CODER);
    onlooker.settle();
    edit(&beat, "status=ok", "status=no");
    onlooker.agree("a heartbeat was spoiled");
    let run = fleet.units().fleet().run_directory();
    onlooker.settle();
    fs::rename(run, run.with_extension("away")).unwrap();
    fs::create_dir(run).unwrap();
    onlooker.agree("the run directory was replaced");
    fs::remove_dir_all(run).unwrap();
    fs::rename(run.with_extension("away"), run).unwrap();
    onlooker.agree("it was put back");
}

#[test]
fn whatever_happens_to_an_agent_is_seen_at_the_next_look() {
    let Some(fleet) = fleet() else { return };
    let (units, unit) = (fleet.units(), UnitFleet::unit(CODER));
    let mut onlooker = Onlooker::of(&fleet);
    onlooker.settle();
    let pid = |told: &Value| RosterFleet::agent_of(&told["snapshot"], CODER)["session"]["panePid"].clone();
    let first = pid(&onlooker.agree("at first"));

    units.fleet().pane(CODER).process().signal(9);
    onlooker.agree("an agent was killed");
    fleet.wait_condition(CODER, "up");
    let second = onlooker.agree("it was started again");
    assert_ne!(pid(&second), first);
    let respawned = units.fleet().tmux(&["respawn-pane", "-k", "-t", "=coder0:", "exec sleep 1000000"]);
    assert!(respawned.status.success(), "{respawned:?}");
    assert_ne!(pid(&onlooker.agree("a pane was respawned")), pid(&second));

    onlooker.settle();
    units.manager().systemctl_ok(&["disable", &unit]);
    assert!(kinds(&onlooker.agree("a unit was disabled")).contains(&"unit-disabled coder0".to_owned()));
    onlooker.settle();
    units.manager().systemctl_ok(&["enable", &unit]);
    assert!(!kinds(&onlooker.agree("it was enabled")).contains(&"unit-disabled coder0".to_owned()));
    units.manager().systemctl_ok(&["stop", &unit]);
    onlooker.agree("a unit was stopped");
    fleet.start(&[CODER]);
    onlooker.agree("it was started");

    let killed = units.fleet().tmux(&["kill-server"]);
    assert!(killed.status.success(), "{killed:?}");
    onlooker.agree("the tmux server was killed");
    fleet.wait_condition(CODER, "up");
    onlooker.agree("it was started again");
    units.manager().systemctl_ok(&["daemon-reexec"]);
    onlooker.agree("the manager was executed anew");
}

/// By the last roster that could be read the fleet goes on, for whoever has read it.
#[test]
fn a_roster_that_cannot_be_read_leaves_the_last_one_in_force() {
    let Some(fleet) = fleet() else { return };
    let mut onlooker = Onlooker::of(&fleet);
    let before = onlooker.agree("at first");
    let good = fleet.roster();
    fleet.write_roster("version: 1\nagents: [}\n");
    let (resident, fresh) = onlooker.look();
    for told in [&resident, &fresh] {
        assert_eq!(told["snapshot"]["sources"]["roster"]["ok"], false, "{told:#}");
    }
    assert_eq!(resident["snapshot"]["agents"], before["snapshot"]["agents"]);
    assert_eq!(resident["snapshot"]["roster"], before["snapshot"]["roster"]);
    assert_eq!((kinds(&resident), &fresh["snapshot"]["roster"]["agents"]), (vec![], &Value::Null));
    fleet.write_roster(&good);
    onlooker.agree("it can be read again");
}
