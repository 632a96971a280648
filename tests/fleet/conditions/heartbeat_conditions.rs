//! The condition that follows from the contents of a heartbeat.

use crate::conditions::expected::Beat;
use crate::conditions::expected::{Expected, UP, fleet};
use mosaic_harness::{RosterFleet, StoppedProcess};

#[test]
fn each_heartbeat_content_gives_its_condition() {
    const STALE: &[(&str, &str)] = &[("stale-heartbeat", "coder0")];
    const MISMATCH: &[(&str, &str)] = &[("pid-mismatch", "coder0")];
    let Some(fleet) = fleet() else { return };
    let _sidecar = StoppedProcess::new(fleet.units().sidecar("coder0"));
    let file = fleet.units().fleet().heartbeat_file("coder0");
    let real = Beat(file.text().unwrap());
    let other = fleet.units().fleet().pane("mos").pid();
    let start: u64 = real.value("start").parse().unwrap();
    let expected = |condition, reason, drift, verified| Expected { condition, reason, drift, verified };
    let stale = expected("stale", " s old", STALE, 1);
    let table = [
        ("itself", Some(real.clone()), UP),
        ("deleted", None, expected("unknown", "there is no heartbeat", STALE, 1)),
        ("empty", Some(Beat(String::new())), expected("unknown", "its heartbeat: ", STALE, 1)),
        ("garbage", Some(Beat("\u{0}\u{1}garbage\n".to_owned())), expected("unknown", "its heartbeat: ", STALE, 1)),
        ("cut short", Some(Beat(real.0[..real.0.len() - 1].to_owned())), expected("unknown", "cut short", STALE, 1)),
        ("endless", Some(Beat("x=1\n".repeat(100_000))), expected("unknown", "its heartbeat: ", STALE, 1)),
        (
            "of another boot",
            Some(real.with("boot", "11111111-2222-4333-8444-555555555555")),
            expected("unknown", "before the last boot", MISMATCH, 1),
        ),
        ("from the future", Some(real.aged(-3600.0)), expected("unknown", "in the future", STALE, 1)),
        ("about another", Some(real.with("pid", other)), expected("unknown", "not the pane's", MISMATCH, 1)),
        ("about one before", Some(real.with("start", start - 1)), expected("unknown", "not the pane's", MISMATCH, 1)),
        ("a last heartbeat", Some(real.with("status", "lost")), expected("stale", "runs without a sidecar", STALE, 1)),
        ("a minute old, every 15 s", Some(real.aged(60.0)), stale),
        ("a minute old, every 30 s", Some(real.aged(60.0).with("interval", 30)), UP),
        ("a wall clock that was set", Some(real.with("ts", "2036-11-20T12:00:00+00:00")), UP),
        ("three lines", Some(real.version_1(1)), UP),
        ("three lines, a minute old", Some(real.version_1(60)), stale),
        ("three lines from the future", Some(real.version_1(-3600)), expected("unknown", "in the future", STALE, 1)),
        ("itself again", Some(real), UP),
    ];
    for (what, beat, expected) in table {
        println!("{what}");
        match beat {
            Some(beat) => std::fs::write(file.path(), beat.0).unwrap(),
            None => std::fs::remove_file(file.path()).unwrap(),
        }
        let snapshot = expected.check(&fleet);
        let heartbeat = &RosterFleet::agent_of(&snapshot, "coder0")["heartbeat"];
        if let ("up" | "stale", true) = (expected.condition, heartbeat["status"] == "ok") {
            assert_eq!(
                heartbeat["health"],
                if expected.condition == "up" { "healthy" } else { "stale" },
                "{heartbeat:#}"
            );
        }
    }
}
