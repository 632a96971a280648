//! What a heartbeat says, and how far that is believed.

use crate::conditions::expected::Beat;
use crate::conditions::expected::{Seen, UP, fleet};
use mosaic_harness::{Frozen, RosterFleet};

#[test]
fn a_heartbeat_counts_for_what_it_says_and_no_more() {
    const STALE: &[(&str, &str)] = &[("stale-heartbeat", "coder0")];
    const MISMATCH: &[(&str, &str)] = &[("pid-mismatch", "coder0")];
    let Some(fleet) = fleet() else { return };
    let _sidecar = Frozen::new(fleet.units().sidecar("coder0"));
    let file = fleet.units().fleet().heartbeat_file("coder0");
    let real = Beat(file.text().unwrap());
    let other = fleet.units().fleet().pane("mos").pid();
    let start: u64 = real.value("start").parse().unwrap();
    let seen = |condition, reason, drift, verified| Seen { condition, reason, drift, verified };
    let stale = seen("stale", " s old", STALE, 1);
    let table = [
        ("itself", Some(real.clone()), UP),
        ("deleted", None, seen("unknown", "there is no heartbeat", STALE, 1)),
        ("empty", Some(Beat(String::new())), seen("unknown", "its heartbeat: ", STALE, 1)),
        ("garbage", Some(Beat("\u{0}\u{1}garbage\n".to_owned())), seen("unknown", "its heartbeat: ", STALE, 1)),
        ("cut short", Some(Beat(real.0[..real.0.len() - 1].to_owned())), seen("unknown", "cut short", STALE, 1)),
        ("endless", Some(Beat("x=1\n".repeat(100_000))), seen("unknown", "its heartbeat: ", STALE, 1)),
        (
            "of another boot",
            Some(real.with("boot", "11111111-2222-4333-8444-555555555555")),
            seen("unknown", "before the last boot", MISMATCH, 1),
        ),
        ("from the future", Some(real.aged(-3600.0)), seen("unknown", "in the future", STALE, 1)),
        ("about another", Some(real.with("pid", other)), seen("unknown", "not the pane's", MISMATCH, 1)),
        ("about one before", Some(real.with("start", start - 1)), seen("unknown", "not the pane's", MISMATCH, 1)),
        ("the last", Some(real.with("status", "lost")), seen("stale", "runs without a sidecar", STALE, 1)),
        ("a minute old, every 15 s", Some(real.aged(60.0)), stale),
        ("a minute old, every 30 s", Some(real.aged(60.0).with("interval", 30)), UP),
        ("a wall clock that was set", Some(real.with("ts", "2036-11-20T12:00:00+00:00")), UP),
        ("three lines", Some(real.version_1(1)), UP),
        ("three lines, a minute old", Some(real.version_1(60)), stale),
        ("three lines from the future", Some(real.version_1(-3600)), seen("unknown", "in the future", STALE, 1)),
        ("itself again", Some(real), UP),
    ];
    for (what, beat, seen) in table {
        println!("{what}");
        match beat {
            Some(beat) => std::fs::write(file.path(), beat.0).unwrap(),
            None => std::fs::remove_file(file.path()).unwrap(),
        }
        let snapshot = seen.check(&fleet);
        let (heartbeat, expected) = (&RosterFleet::agent_of(&snapshot, "coder0")["heartbeat"], seen.condition);
        if let ("up" | "stale", true) = (expected, heartbeat["status"] == "ok") {
            assert_eq!(heartbeat["health"], if expected == "up" { "healthy" } else { "stale" }, "{heartbeat:#}");
        }
    }
}
