//! What an agent is said to be follows from what was seen of it, and from nothing else: each thing
//! that can befall it, its sidecar, its files, tmux, the bus and the manager is made to happen.
//!
//! In every state `ps` and `verify` answer, in the form that is shipped.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use harness::{Fleet, FleetBuilder, Frozen, ProcessWatch, RosterFleet, UnitFleet};
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// Lets a test look at a unit that has failed, which otherwise is back a second later.
const NO_RESTART: &str = "[Service]\nRestart=no\n";
/// Nobody's on any machine: between the ranges that systemd and distributions use.
const UID: u32 = 47110;
const UP: Seen = Seen { condition: "up", reason: "", drift: &[], verified: 0 };

/// What is to be said of `coder0`, while `mos` is up.
#[derive(Clone, Copy)]
struct Seen {
    condition: &'static str,
    /// Part of it; none if there is none.
    reason: &'static str,
    /// Of the whole fleet.
    drift: &'static [(&'static str, &'static str)],
    /// The exit code of `verify`.
    verified: i32,
}

impl Seen {
    /// Looks at the fleet, and finds just this.
    #[track_caller]
    fn check(self, fleet: &RosterFleet) -> Value {
        let snapshot = self.check_in(fleet.snapshot());
        self.check_verified(fleet);
        snapshot
    }

    #[track_caller]
    fn check_verified(self, fleet: &RosterFleet) {
        let (code, verification) = fleet.verify(&[]);
        assert_eq!(code, Some(self.verified), "{verification:#}");
        assert_eq!(verification["passed"], self.verified == 0);
    }

    #[track_caller]
    fn check_in(self, snapshot: Value) -> Value {
        let agent = RosterFleet::agent_of(&snapshot, "coder0");
        let reason = agent["reason"].as_str().unwrap_or_default();
        assert_eq!(agent["condition"], self.condition, "{agent:#}");
        assert!(reason.contains(self.reason) && reason.is_empty() == self.reason.is_empty(), "{agent:#}");
        let drift = RosterFleet::drift_of(&snapshot);
        let drift: Vec<_> = drift.iter().map(|(kind, subject)| (kind.as_str(), subject.as_str())).collect();
        assert_eq!(drift, self.drift, "{:#}", snapshot["drift"]);
        snapshot
    }
}

fn fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    UP.check(&fleet);
    Some(fleet)
}

fn fleet_without_restarts() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    fleet.units().drop_in("coder0", NO_RESTART);
    UP.check(&fleet);
    Some(fleet)
}

fn kill_session(fleet: &RosterFleet) {
    let killed = fleet.units().fleet().tmux(&["kill-session", "-t", "=coder0:"]);
    assert!(killed.status.success(), "{killed:?}");
}

/// The one process of this program in the fleet.
fn only(fleet: &RosterFleet, program: &str) -> ProcessWatch {
    let found = fleet.units().fleet().processes_named(program);
    let [pid] = found[..] else { panic!("{program}: {found:?}") };
    ProcessWatch::new(pid).unwrap()
}

/// Which sources could not be read.
fn failed(snapshot: &Value) -> Vec<&str> {
    let sources = snapshot["sources"].as_object().unwrap();
    let failed = sources.iter().filter(|(_, report)| report["ok"] == false);
    failed.inspect(|(name, report)| assert!(report["error"] != "", "{name}")).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn an_agent_whose_unit_was_stopped_is_missing() {
    let Some(fleet) = fleet() else { return };
    fleet.units().manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    let seen =
        Seen { condition: "missing", reason: "it was stopped", drift: &[("session-missing", "coder0")], verified: 1 };
    let snapshot = seen.check(&fleet);
    let agent = RosterFleet::agent_of(&snapshot, "coder0");
    assert_eq!((&agent["session"]["exists"], &agent["unit"]["active"]), (&false.into(), &"inactive".into()));
    assert_eq!(agent["heartbeat"]["status"], "stopped");
    fleet.start(&["coder0"]);
    UP.check(&fleet);
}

#[test]
fn an_agent_whose_session_was_killed_is_missing() {
    let Some(fleet) = fleet_without_restarts() else { return };
    kill_session(&fleet);
    fleet.units().wait_state("coder0", "failed");
    let seen =
        Seen { condition: "missing", reason: "taken away", drift: &[("session-missing", "coder0")], verified: 1 };
    seen.check(&fleet);
}

#[test]
fn an_agent_that_was_killed_is_missing_and_it_is_told_how_it_ended() {
    let Some(fleet) = fleet_without_restarts() else { return };
    fleet.units().fleet().pane("coder0").process().signal(Signal::KILL.as_raw());
    fleet.units().wait_state("coder0", "failed");
    let seen = Seen {
        condition: "missing",
        reason: "it exited with signal:9",
        drift: &[("session-missing", "coder0")],
        verified: 1,
    };
    seen.check(&fleet);
}

#[test]
fn an_agent_that_was_killed_while_its_sidecar_slept_is_dead_whatever_its_unit_says() {
    let Some(fleet) = fleet() else { return };
    let sidecar = Frozen::new(fleet.units().sidecar("coder0"));
    let pane = fleet.units().fleet().pane("coder0");
    pane.process().signal(Signal::KILL.as_raw());
    pane.process().wait();
    assert_eq!(fleet.units().state("coder0"), "active");
    let snapshot = fleet.snapshot();
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"]["processAlive"], false);
    let seen = Seen { condition: "dead", reason: " ", drift: &[("unit-lies", "coder0")], verified: 1 };
    seen.check(&fleet);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}

#[test]
fn an_agent_that_waits_to_be_started_again_is_starting() {
    let Some(fleet) = fleet() else { return };
    fleet.units().drop_in("coder0", "[Service]\nRestartSec=1h\n");
    fleet.units().fleet().pane("coder0").exit(7);
    fleet.units().manager().wait_property(&UnitFleet::unit("coder0"), "SubState", "auto-restart");
    let seen = Seen { condition: "starting", reason: "code:7; it is being started again", drift: &[], verified: 1 };
    seen.check(&fleet);
    fleet.units().manager().systemctl_ok(&["restart", &UnitFleet::unit("coder0")]);
    UP.check(&fleet);
}

#[test]
fn an_agent_is_starting_until_its_unit_says_that_it_is_there() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit("coder0");
    let seen = Seen { condition: "starting", reason: "", drift: &[], verified: 1 };
    for (phase, has_session) in [("ExecStartPre", false), ("ExecStartPost", true)] {
        fleet.units().manager().systemctl_ok(&["stop", &unit]);
        let gate = fleet.units().fleet().home().join("gate");
        rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();
        fleet.units().drop_in("coder0", &format!("[Service]\n{phase}=/bin/cat {}\n", gate.display()));
        fleet.units().manager().systemctl_ok(&["start", "--no-block", &unit]);
        let sub = if has_session { "start-post" } else { "start-pre" };
        fleet.units().manager().wait_property(&unit, "SubState", sub);
        std::fs::remove_file(fleet.units().fleet().heartbeat_path("coder0")).unwrap();
        let snapshot = seen.check(&fleet);
        assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"]["exists"], has_session);
        std::fs::write(&gate, "").unwrap();
        fleet.units().wait_state("coder0", "active");
        std::fs::remove_file(gate).unwrap();
    }
}

#[test]
fn the_sidecars_clock_is_not_the_agents() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", "coder0"], "1") else { return };
    fleet.start(&["mos", "coder0"]);
    let files = fleet.units().fleet();
    // tmux lets a process of its panes go on that somebody stopped, unless it is stopped itself.
    let server = Frozen::new(fleet.units().server());
    let agent = Frozen::new(ProcessWatch::new(files.pane("coder0").pid()).unwrap());
    let number = |beat: &std::collections::BTreeMap<String, String>| beat["seq"].parse::<u64>().unwrap();
    let before = number(&files.heartbeat("coder0").unwrap());
    files.wait_heartbeat("coder0", |beat| number(beat) > before + 3);
    Seen { reason: "by its heartbeat and process alone", ..UP }.check_in(fleet.snapshot());
    drop(server);
    UP.check(&fleet);
    drop(agent);

    let sidecar = Frozen::new(fleet.units().sidecar("coder0"));
    let snapshot = fleet.wait_condition("coder0", "stale");
    let seen = Seen { condition: "stale", reason: " s old", drift: &[("stale-heartbeat", "coder0")], verified: 1 };
    seen.check_in(snapshot);
    seen.check_verified(&fleet);
    drop(sidecar);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}

/// A heartbeat as a test wants it.
#[derive(Clone)]
struct Beat(String);

impl Beat {
    fn value(&self, key: &str) -> &str {
        self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
    }

    fn with(&self, key: &str, value: impl std::fmt::Display) -> Self {
        let (old, new) = (format!("\n{key}={}\n", self.value(key)), format!("\n{key}={value}\n"));
        let text = format!("\n{}", self.0);
        assert!(text.contains(&old), "{text}");
        Self(text.replace(&old, &new)[1..].to_owned())
    }

    /// By the only clock that counts within one boot; the other says that it is new.
    fn aged(&self, seconds: f64) -> Self {
        let written: f64 = self.value("mono").parse().unwrap();
        self.with("mono", format!("{:.3}", written - seconds))
    }

    /// As the bash launcher wrote it, that long ago.
    fn version_1(&self, seconds: i64) -> Self {
        let ts = (Timestamp::now() - SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S+0000");
        Self(format!("ts={ts}\npid={}\nstatus=ok\n", self.value("pid")))
    }
}

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
            seen("unknown", "before the host was booted", MISMATCH, 1),
        ),
        ("from the future", Some(real.aged(-3600.0)), seen("unknown", "in the future", STALE, 1)),
        ("about another", Some(real.with("pid", other)), seen("unknown", "not the pane's", MISMATCH, 1)),
        ("about one before", Some(real.with("start", start - 1)), seen("unknown", "not the pane's", MISMATCH, 1)),
        ("the last", Some(real.with("status", "lost")), seen("stale", "nobody watches it", STALE, 1)),
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

#[test]
fn without_a_tmux_server_every_agent_is_missing_until_it_is_back() {
    let Some(fleet) = fleet() else { return };
    let gone = Seen {
        condition: "missing",
        reason: "there is no tmux server",
        drift: &[("holder-missing", "mosaic-factory"), ("session-missing", "coder0"), ("session-missing", "mos")],
        verified: 1,
    };
    let manager = fleet.units().manager();
    manager.drop_in(UnitFleet::HOLDER, "test", NO_RESTART);
    for agent in ["mos", "coder0"] {
        fleet.units().drop_in(agent, NO_RESTART);
    }
    fleet.units().server().signal(Signal::KILL.as_raw());
    for unit in [UnitFleet::HOLDER.to_owned(), UnitFleet::unit("mos"), UnitFleet::unit("coder0")] {
        manager.wait_active(&unit, "failed");
    }
    let snapshot = gone.check(&fleet);
    assert_eq!((&snapshot["holder"]["up"], failed(&snapshot)), (&false.into(), vec![]));
    fleet.start(&["mos", "coder0"]);
    UP.check(&fleet);
}

#[test]
fn without_a_bus_systemctl_is_asked_and_all_is_told_as_before() {
    let Some(fleet) = fleet() else { return };
    let before = fleet.agent("coder0");
    // Its socket stays, and whoever comes to it starts it again, before the manager is back on it.
    let bus = only(&fleet, "dbus-daemon");
    bus.signal(Signal::KILL.as_raw());
    bus.wait();
    assert_eq!(failed(&UP.check(&fleet)), [""; 0]);
    fleet.units().manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    assert_eq!(fleet.units().fleet().processes_named("dbus-daemon"), [0; 0]);
    let snapshot = UP.check(&fleet);
    assert_eq!(failed(&snapshot), [""; 0]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["unit"], before["unit"]);
}

/// As [`UP`], where not all could be looked at.
const UNVERIFIED: Seen = Seen { verified: 69, ..UP };

#[test]
fn a_manager_that_hangs_costs_what_only_it_knows() {
    let Some(fleet) = fleet() else { return };
    let manager = Frozen::new(only(&fleet, "systemd"));
    let snapshot = UNVERIFIED.check(&fleet);
    assert_eq!(failed(&snapshot), ["systemd"]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["unit"], Value::Null);
    // What it does not decide is told as ever.
    kill_session(&fleet);
    let snapshot = fleet.snapshot();
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["condition"], "missing");
    assert_eq!(RosterFleet::drift_of(&snapshot), [("session-missing".to_owned(), "coder0".to_owned())]);
    drop(manager);
    fleet.wait_condition("coder0", "up");
    UP.check(&fleet);
}

#[test]
fn a_bus_that_hangs_costs_what_only_the_manager_knows() {
    let Some(fleet) = fleet() else { return };
    let bus = Frozen::new(only(&fleet, "dbus-daemon"));
    let snapshot = UP.check_in(fleet.snapshot());
    assert_eq!(failed(&snapshot), ["systemd"]);
    drop(bus);
    UP.check(&fleet);
}

#[test]
fn where_tmux_hangs_the_heartbeat_and_its_process_decide() {
    let Some(fleet) = fleet() else { return };
    let pane = fleet.units().fleet().pane("coder0");
    let server = Frozen::new(fleet.units().server());
    let seen = Seen { reason: "by its heartbeat and process alone: the tmux server", ..UNVERIFIED };
    let snapshot = seen.check(&fleet);
    assert_eq!(failed(&snapshot), ["tmux"]);
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["session"], Value::Null);
    assert_eq!(snapshot["holder"]["up"], Value::Null);

    let sidecar = Frozen::new(fleet.units().sidecar("coder0"));
    let file = fleet.units().fleet().heartbeat_file("coder0");
    let real = Beat(file.text().unwrap());
    std::fs::write(file.path(), real.aged(60.0).0).unwrap();
    Seen { condition: "stale", reason: " s old", ..UP }.check_in(fleet.snapshot());
    std::fs::remove_file(file.path()).unwrap();
    Seen { condition: "unknown", reason: "tmux", ..UP }.check_in(fleet.snapshot());
    std::fs::write(file.path(), &real.0).unwrap();
    pane.process().signal(Signal::KILL.as_raw());
    pane.process().wait();
    Seen { condition: "dead", reason: "its process is gone", ..UP }.check_in(fleet.snapshot());
    drop((sidecar, server));
    fleet.wait_condition("coder0", "up");
}

#[test]
fn a_roster_that_makes_no_sense_leaves_what_is_there_to_be_seen() {
    let Some(fleet) = fleet() else { return };
    fleet.write_roster(&fleet.roster().replace("class: implementer", "clazz: implementer"));
    let (code, snapshot) = fleet.ps();
    assert_eq!(code, Some(78));
    UP.check_in(snapshot.clone());
    assert_eq!(failed(&snapshot), ["roster"]);
    let error = snapshot["sources"]["roster"]["error"].as_str().unwrap();
    assert!(error.contains("clazz") && error.contains("class"), "{error}");
    assert_eq!(RosterFleet::agent_of(&snapshot, "coder0")["managed"], false);
    assert_eq!(snapshot["agents"].as_array().unwrap().len(), 2);
    Seen { verified: 1, ..UP }.check_verified(&fleet);
    let of_one = fleet.mosaic(&["fleet", "verify", "coder0"]);
    assert_eq!(of_one.status.code(), Some(78), "{of_one:?}");
}

#[test]
fn heartbeats_that_may_not_be_read_leave_their_agents_unknown() {
    let builder = if rustix::process::geteuid().is_root() {
        // root reads everything.
        Fleet::builder().owner(UID, UID)
    } else {
        FleetBuilder::default()
    };
    let Some(fleet) = RosterFleet::installed_or_skip(builder, &["mos", "coder0"], "15") else { return };
    fleet.start(&["mos", "coder0"]);
    UP.check(&fleet);
    let unreadable = |path: &std::path::Path, mode| {
        let before = path.metadata().unwrap().permissions();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        before
    };
    let directory = fleet.units().fleet().run_directory();
    let before = unreadable(directory, 0);
    let snapshot = Seen { condition: "unknown", reason: "cannot read", drift: &[], verified: 69 }.check(&fleet);
    assert_eq!(failed(&snapshot), ["heartbeat"]);
    std::fs::set_permissions(directory, before).unwrap();
    UP.check(&fleet);

    let file = fleet.units().fleet().heartbeat_path("coder0");
    unreadable(&file, 0);
    let seen =
        Seen { condition: "unknown", reason: "its heartbeat: ", drift: &[("stale-heartbeat", "coder0")], verified: 1 };
    assert_eq!(failed(&seen.check(&fleet)), [""; 0]);
}
