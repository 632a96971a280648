//! The expected observation of an agent, the observed fleets, and hand-written heartbeats.

use jiff::{SignedDuration, Timestamp};
use mosaic_harness::{ProcessWatch, RosterFleet};
use serde_json::Value;

/// Keeps a failed unit failed; otherwise it restarts a second later.
pub(crate) const NO_RESTART: &str = "[Service]\nRestart=no\n";
/// Belongs to no user: between the ranges that systemd and distributions use.
pub(crate) const UID: u32 = 47110;
pub(crate) const UP: Expected = Expected { condition: "up", reason: "", drift: &[], verified: 0 };

/// The expected observation of `coder0` while `mos` is up.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) condition: &'static str,
    /// Part of the reason; empty if there must be none.
    pub(crate) reason: &'static str,
    /// The drift of the whole fleet.
    pub(crate) drift: &'static [(&'static str, &'static str)],
    /// The exit code of `verify`.
    pub(crate) verified: i32,
}

impl Expected {
    /// Observes and verifies the fleet, and compares both.
    #[track_caller]
    pub(crate) fn check(self, fleet: &RosterFleet) -> Value {
        let snapshot = self.check_in(fleet.snapshot());
        self.check_verified(fleet);
        snapshot
    }

    #[track_caller]
    pub(crate) fn check_verified(self, fleet: &RosterFleet) {
        let (code, verification) = fleet.verify(&[]);
        assert_eq!(code, Some(self.verified), "{verification:#}");
        assert_eq!(verification["passed"], self.verified == 0);
    }

    #[track_caller]
    pub(crate) fn check_in(self, snapshot: Value) -> Value {
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

pub(crate) fn fleet() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    UP.check(&fleet);
    Some(fleet)
}

pub(crate) fn fleet_without_restarts() -> Option<RosterFleet> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    fleet.units().drop_in("coder0", NO_RESTART);
    UP.check(&fleet);
    Some(fleet)
}

pub(crate) fn kill_session(fleet: &RosterFleet) {
    let killed = fleet.units().fleet().tmux(&["kill-session", "-t", "=coder0:"]);
    assert!(killed.status.success(), "{killed:?}");
}

/// The one process of this program in the fleet.
pub(crate) fn only(fleet: &RosterFleet, program: &str) -> ProcessWatch {
    let found = fleet.units().fleet().processes_named(program);
    let [pid] = found[..] else { panic!("{program}: {found:?}") };
    ProcessWatch::new(pid).unwrap()
}

/// The sources that could not be read.
pub(crate) fn failed_sources(snapshot: &Value) -> Vec<&str> {
    let sources = snapshot["sources"].as_object().unwrap();
    let failed = sources.iter().filter(|(_, report)| report["ok"] == false);
    failed.inspect(|(name, report)| assert!(report["error"] != "", "{name}")).map(|(name, _)| name.as_str()).collect()
}

/// The text of a hand-written heartbeat.
#[derive(Clone)]
pub(crate) struct Beat(pub(crate) String);

impl Beat {
    pub(crate) fn value(&self, key: &str) -> &str {
        self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
    }

    pub(crate) fn with(&self, key: &str, value: impl std::fmt::Display) -> Self {
        let (old, new) = (format!("\n{key}={}\n", self.value(key)), format!("\n{key}={value}\n"));
        let text = format!("\n{}", self.0);
        assert!(text.contains(&old), "{text}");
        Self(text.replace(&old, &new)[1..].to_owned())
    }

    /// Older by the monotonic clock, the only one that counts within a boot; the wall clock time stays.
    pub(crate) fn aged(&self, seconds: f64) -> Self {
        let written: f64 = self.value("mono").parse().unwrap();
        self.with("mono", format!("{:.3}", written - seconds))
    }

    /// In the format of the bash launcher, written that many seconds ago.
    pub(crate) fn version_1(&self, seconds: i64) -> Self {
        let ts = (Timestamp::now() - SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S+0000");
        Self(format!("ts={ts}\npid={}\nstatus=ok\n", self.value("pid")))
    }
}
